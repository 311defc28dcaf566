"""The sentences of a run that cannot tell: its ledger and the pods' logs disagree, or its pods were not the declared ones."""

import math

from evenly.report.answer import Finding
from evenly.report.figures import Figures
from evenly.report.text.markup import Text, codes, text
from evenly.report.text.numbers import counted, duration, number, ordinal, percents
from evenly.results.schema import ScenarioRecord

NOTHING_KNOWN = "**Nothing is known about the Service.**"
CANNOT_TELL = "This run cannot tell."


def unreconciled(scenario: ScenarioRecord, figures: Figures) -> Finding:
    """Say that counts cannot be judged when attempts are not accounted for, or were not all new connections."""
    choices = figures.choices
    if figures.pooled:
        return Finding(
            CANNOT_TELL,
            text(
                "{n} carried all {requests}.", n=counted(choices, "connection"), requests=counted(figures.answered, "request")
            ),
            text(
                "A Service picks a pod once per **connection**. So it made {choices} choices, not {requests}.",
                choices=f"{choices:,}",
                requests=f"{figures.answered:,}",
            ),
            (
                text(
                    NOTHING_KNOWN + " {shares} of the requests is the work of {n} choices.",
                    shares=percents([pod.share for pod in figures.expected]),
                    n=f"{choices:,}",
                ),
            ),
        )
    ledger = scenario.reconciliation
    return Finding(
        CANNOT_TELL,
        text("The client's ledger and the pods' own logs do not agree."),
        text(
            "**{sent}** sent, {answered} answered, {logged} found once in the pods' logs: {n}.",
            sent=f"{ledger.sent:,}",
            answered=f"{sum(ledger.answered.values()):,}",
            logged=f"{ledger.logged:,}",
            n=counted(len(ledger.discrepancies), "disagreement"),
        ),
        (text(NOTHING_KNOWN + " Counts are judged only when every attempt is accounted for, once, on both sides."),),
    )


def endpoints(scenario: ScenarioRecord, figures: Figures) -> Finding:
    """Say which pods were missing, left or came, and when."""
    headline, story = _change(scenario, figures)
    sets = len({reading.ready for reading in scenario.endpoints})
    if sets > 1:
        counts = text(
            "{story} The {n} went to {sets} different sets of pods, so their counts judge none.",
            story=story,
            n=counted(figures.sent, "connection"),
            sets=number(sets),
        )
    else:
        counts = text("{story} The counts judge a set of pods that was not declared.", story=story)
    return Finding(CANNOT_TELL, headline, counts, (_how_sure(scenario),))


def _change(scenario: ScenarioRecord, figures: Figures) -> tuple[Text, Text]:
    readings = scenario.endpoints
    expected = list(scenario.rule.shares)
    if not readings:
        return text("No EndpointSlice of the Service was seen."), text(
            "`{service}` had no ready pod.", service=scenario.service
        )
    at_start, seen = set(readings[0].ready), {uid for reading in readings for uid in reading.ready}
    never = [uid for uid in expected if uid not in seen]
    late = [uid for uid in expected if uid in seen and uid not in at_start]
    left = [uid for uid in expected if uid in at_start and any(uid not in reading.ready for reading in readings)]
    came = sorted(seen - set(expected))
    k = len(expected)
    if never:
        return _never_ready(scenario, figures, never)
    if left:
        return text("{n} of the {k} pods left while it ran.", n=_cap(left), k=k), _left(scenario, figures, left, came)
    if late:
        when = next(r.at_s for r in readings if set(late) <= set(r.ready))
        story = text("{pods} came into the Service {when}.", pods=_names(figures, late), when=_when(when))
        return text("{n} of the {k} pods {were} not ready at the start.", n=_cap(late), k=k, were=_were(late)), story
    who = f"A {ordinal(k + 1)} pod" if len(came) == 1 else f"{_cap(came)} more pods"
    story = text(
        "{pods} stood ready in the EndpointSlices, though not expected, and never answered.", pods=_names(figures, came)
    )
    return text("{who} stood in the Service.", who=who), story


def _never_ready(scenario: ScenarioRecord, figures: Figures, never: list[str]) -> tuple[Text, Text]:
    k = len(scenario.rule.shares)
    template = "{pods} never stood ready in the EndpointSlices of `{service}`."
    story = text(template, pods=_names(figures, never), service=scenario.service)
    if len(never) < k:
        return text("{n} of the {k} pods {were} not ready.", n=_cap(never), k=k, were=_were(never)), story
    ready = not any(pod.pod.note for pod in figures.expected)
    none = "None of the {k} pods stood behind the Service." if ready else "None of the {k} pods was ready."
    return text(none, k=k), story


def _left(scenario: ScenarioRecord, figures: Figures, left: list[str], came: list[str]) -> Text:
    gone = next(r.at_s for r in scenario.endpoints if not set(left) <= set(r.ready))
    back = next((r.at_s for r in scenario.endpoints if r.at_s > gone and set(left) <= set(r.ready)), None)
    again = f" and came back {_when(back)}" if back is not None else ""
    replaced = f" {_cap(came)} new {'pod took its' if len(came) == 1 else 'pods took their'} place." if came else ""
    template = "{pods} left the Service {gone}{again}.{new}"
    return text(template, pods=_names(figures, left), gone=_when(gone), again=again, new=replaced)


def _how_sure(scenario: ScenarioRecord) -> Text:
    uneven = any(look.ln_uneven >= -math.log(scenario.rule.alpha) for look in scenario.looks)
    if uneven:
        return text(
            NOTHING_KNOWN
            + " The tally for “uneven” did reach its threshold, but it assumes a set of pods that was not there: not a FAIL."
        )
    return text(NOTHING_KNOWN + " The tallies assume one fixed set of pods, and that was not there.")


def _names(figures: Figures, uids: list[str]) -> Text:
    return codes(pod.short if (pod := figures.of(uid)) else uid for uid in uids)


def _when(at_s: float) -> str:
    return f"after {duration(at_s)}" if at_s > 0 else "before the load began"


def _cap(uids: list[str]) -> str:
    return number(len(uids)).capitalize()


def _were(uids: list[str]) -> str:
    return "was" if len(uids) == 1 else "were"
