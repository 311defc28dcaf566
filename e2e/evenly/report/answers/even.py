"""What PASS, FAIL and INCONCLUSIVE mean, in sentences."""

from evenly.judge.law import Pick
from evenly.report.answer import Finding
from evenly.report.figures import Figures, strays
from evenly.report.text.markup import Text, text
from evenly.report.text.numbers import an, counted, duration, number, once_in, ordinal, part, percents, points, spelled
from evenly.results.schema import LoadRecord, Rule, ScenarioRecord

MOST_LISTED = 6


def declared_part(figures: Figures) -> str:
    """Name what each expected pod was declared to get: "third"; "declared share" where they differ."""
    return part([pod.declared for pod in figures.expected])


def went(figures: Figures) -> str:
    """List the shares one by one, or their span where there are too many to read."""
    shares = [pod.share for pod in figures.expected]
    return percents(shares) if len(shares) <= MOST_LISTED else f"{100 * min(shares):.1f} to {100 * max(shares):.1f} % to each"


def _evenness(scenario: ScenarioRecord, figures: Figures) -> tuple[Text, Text]:
    pick, reused = scenario.rule.pick, scenario.load.may_reuse
    furthest, declared, n = figures.furthest, declared_part(figures), f"{figures.connections:,}"
    pods = counted(len(figures.expected), "pod")
    if pick is Pick.IN_TURN:
        return text("The {pods} take turns.", pods=pods), text(
            "**{n}** connections, opened one after the other, came in turn.", n=n
        )
    if len(figures.expected) == 1:
        return text("All traffic reaches the one expected pod."), text(
            "**{n}** new connections went there, none elsewhere.", n=n
        )
    headline = "Traffic goes to the {pods} as declared." if declared == "declared share" else "Traffic is even over the {pods}."
    whose = f", which carried {counted(figures.sent, 'request')}," if reused else ""
    if pick is Pick.PER_CLIENT:
        headline, whose = f"Clients stay on their pods. {headline}", f" of {counted(figures.choices, 'client')}"
    figure = text(
        "**{n}** new connections{whose} went {shares}. The furthest pod is {off} percentage points off its {part}; "
        "this test is made to catch {caught}.",
        n=n,
        whose=whose,
        shares=went(figures),
        off=f"{100 * abs(furthest.off):.1f}",
        part=declared,
        caught=points(furthest.delta),
    )
    return text(headline, pods=pods), figure


def even(scenario: ScenarioRecord, figures: Figures) -> Finding:
    """Say that traffic is as declared, and how far off it could be."""
    headline, figure = _evenness(scenario, figures)
    return Finding("Yes.", headline, (*figure, *_held(scenario.load)), _how_sure(scenario.rule, figures))


def _held(load: LoadRecord) -> Text:
    if not load.held_s:
        return ()
    return text(" It stayed so for {held} more under load.", held=duration(load.held_s))


def _how_sure(rule: Rule, figures: Figures) -> tuple[Text, ...]:
    rate = once_in(rule.beta)
    if rule.pick is Pick.IN_TURN:
        turns = text(
            "If a connection were out of turn in {percent} % of all cases, this test would say so in all but **{rate}** runs.",
            percent=points(rule.delta),
            rate=rate,
        )
        return (turns, text("A Service that takes turns is never failed."))
    missed = text(
        "If one pod were really {caught} points or more off, this test would say “even” at most **{rate}** runs.",
        caught=points(figures.furthest.delta),
        rate=rate,
    )
    return (missed, text("A Service that is even is failed at most **{rate}** runs.", rate=once_in(rule.alpha)))


def unexpected_pod(scenario: ScenarioRecord, figures: Figures) -> Finding:
    """Say who answered though nobody expected it, or though the law gives it nothing."""
    found = strays(scenario, figures)
    expected, part_of_each = len(figures.expected), an(declared_part(figures))
    n, sent = f"{sum(pod.answered for pod in found):,}", counted(figures.sent, "connection")
    first = scenario.verdict.decided_at
    came = text("It came at connection {first}.", first=f"{first:,}") if first else ()
    if all(pod.pod.uid in scenario.rule.shares for pod in found):
        some, pods = number(len(found)).capitalize(), counted(expected, "pod")
        template = "{some} of the {pods}, to whom the law gives nothing, got {n} of {sent}."
        headline = text(template, some=some, pods=pods, n=n, sent=sent)
        shares = text("The {pods} got {shares}.", pods=spelled(expected, "pod"), shares=went(figures))
        settles = "**Certain.** One answer from a pod that must not answer settles it, whatever the counts. {came}"
        return Finding("No.", headline, shares, (text(settles, came=came),))
    one_more = f"A {ordinal(expected + 1)}, unexpected pod"
    who = one_more if len(found) == 1 else f"{number(len(found)).capitalize()} unexpected pods"
    headline = text("{who} answered {n} of {sent}.", who=who, n=n, sent=sent)
    if expected > 1:
        template = "The expected {n} share what is left: {shares} instead of {part} each."
        shares = text(template, n=number(expected), shares=went(figures), part=part_of_each)
    else:
        shares = text("The expected pod got what is left: {shares}.", shares=went(figures))
    settles = "**Certain.** One answer from a pod outside the expected set settles it, whatever the counts. {came}"
    return Finding("No.", headline, shares, (text(settles, came=came),))


def errors(scenario: ScenarioRecord, figures: Figures) -> Finding:
    """Say how many connections got no answer, by kind."""
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in figures.samples.errors.most_common())
    allowed = f"at most {scenario.rule.errors_allowed:,}" if scenario.rule.errors_allowed else "none"
    return Finding(
        "No.",
        text("{errors} of {sent} got no answer.", errors=f"{figures.errors:,}", sent=counted(figures.sent, "connection")),
        text("{kinds}. Declared for this scenario: {allowed}.", kinds=kinds, allowed=allowed),
        (text("**Certain.** Each is a row in the samples, with its number, its time and its kind; nothing was tried again."),),
    )


def undecided(scenario: ScenarioRecord, figures: Figures) -> Finding:
    """Say that the evidence was not enough either way."""
    if figures.few_choices:
        return _few_choices(figures)
    furthest = figures.furthest
    interval = text(
        "Not sure enough either way. The true share of `{pod}` lies between {low} and {high} %{bias}.",
        pod=furthest.short,
        low=f"{100 * furthest.low:.1f}",
        high=f"{100 * furthest.high:.1f}",
        bias=f": a real bias, smaller than the {points(furthest.delta)} points that must be caught" if _small(figures) else "",
    )
    where = (
        "That is in the grey zone: too far off for PASS, not far enough for FAIL."
        if scenario.verdict.connections >= scenario.rule.cap
        else ""
    )
    return Finding(
        "Not decided.",
        text("After {n} it is neither even nor uneven.", n=counted(scenario.verdict.connections, "connection")),
        text(
            "`{pod}` is {off} percentage points from its {part}. {where}",
            pod=furthest.short,
            off=f"{100 * abs(furthest.off):.1f}",
            part=declared_part(figures),
            where=where,
        ),
        (interval,),
    )


def _few_choices(figures: Figures) -> Finding:
    connections = counted(figures.choices, "connection")
    return Finding(
        "Not decided.",
        text("{connections} carried all {requests}.", connections=connections, requests=counted(figures.sent, "request")),
        text(
            "A Service picks a pod once per **connection**. So it made {n} choices, and those are too few to judge: "
            "a fair Service of three pods takes about 2,300.",
            n=f"{figures.choices:,}",
        ),
        (text("This client keeps its connections. What it sends goes where each of them once went, even or not."),),
    )


def _small(figures: Figures) -> bool:
    pod = figures.furthest
    return pod.surely_off and max(pod.high - pod.declared, pod.declared - pod.low) < pod.delta
