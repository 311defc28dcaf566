"""Was the test itself sound: the conditions a verdict rests on, the ledger, and what the run could not see."""

from dataclasses import dataclass

from evenly.judge.verdict import Cause, Word
from evenly.report.answer import Mark
from evenly.report.answers.causes import CAUSES
from evenly.report.figures import Figures
from evenly.report.text.markup import Text, codes, join, text
from evenly.report.text.numbers import counted, duration, number, points, spelled
from evenly.results.schema import ScenarioRecord

MOST_TERMS = 6


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition; ``mark`` is PASS where it held, else what its breach led to."""

    mark: Mark
    what: Text


def conditions(scenario: ScenarioRecord, figures: Figures) -> tuple[Condition, ...]:
    """Check the conditions; broken ones come first."""
    found = (*_pods(scenario, figures), *_books(scenario, figures), _converged(scenario), _client(scenario))
    return tuple(sorted(found, key=lambda condition: condition.mark is Mark.PASS))


def summary(found: tuple[Condition, ...], verdict: Word) -> str:
    """Whether all held, in one sentence."""
    broken = [condition for condition in found if condition.mark is not Mark.PASS]
    if not broken:
        return f"Yes, all {number(len(found))} conditions held."
    if verdict is Word.INVALID:
        return "No. A condition broke, so there is no verdict on the Service."
    if any(condition.mark is Mark.FAIL for condition in broken):
        return "The counts are sound; what is marked below is what failed."
    return "Yes, with what is marked below in mind."


def ledger(scenario: ScenarioRecord, figures: Figures) -> Text:
    """Write the sum that has to come out: sent = answered by each pod + errors."""
    expected = [pod.answered for pod in figures.pods if pod.pod.expected]
    others = sum(pod.answered for pod in figures.pods if not pod.pod.expected)
    terms = " + ".join(f"{n:,}" for n in expected) if len(expected) <= MOST_TERMS else f"{sum(expected):,}"
    return text(
        "**{sent}** sent = {terms} {answered}{others} + **{errors}** {noun}",
        sent=f"{len(scenario.judged) if scenario.judged else scenario.reconciliation.sent:,}",
        terms=terms,
        answered="expected" if others else "answered",
        others=text(" + **{n} unexpected**", n=f"{others:,}") if others else "",
        errors=f"{figures.errors:,}",
        noun="error" if figures.errors == 1 else "errors",
    )


def not_seen(scenario: ScenarioRecord, figures: Figures) -> tuple[Text, ...]:
    """Say what this run says nothing about."""
    cause, node = scenario.verdict.cause, scenario.load.entry_node
    small = text("A bias smaller than {delta} points may pass.", delta=points(figures.furthest.delta))
    return (
        text(CAUSES[cause].unseen) if cause else small,
        text("It saw new connections only. Requests inside one kept-alive connection always go to the same pod."),
        text(
            "It came from {clients}, through {node}.",
            clients=spelled(max(1, len(figures.samples.clients)), "client address"),
            node=text("one node, `{node}`", node=node) if node else "one address",
        ),
        text("Equal numbers of connections are not equal work: a slow request costs a pod more than a fast one."),
    )


def _pods(scenario: ScenarioRecord, figures: Figures) -> list[Condition]:
    expected = tuple(sorted(scenario.rule.shares))
    names = spelled(len(expected), "pod")
    steady = all(reading.ready == expected for reading in scenario.endpoints)
    found: list[Condition] = []
    strays = [pod for pod in figures.pods if not pod.pod.expected and pod.answered]
    if strays:
        template = (
            "**A pod outside the expected set answered:** {pods}."
            if len(strays) == 1
            else "**Unexpected pods answered:** {pods}."
        )
        found.append(Condition(Mark.FAIL, text(template, pods=codes(pod.pod.name for pod in strays))))
    if scenario.epochs and scenario.verdict.cause is not Cause.ENDPOINTS:
        changes = counted(len(scenario.epochs) - 1, "change")
        found.append(
            Condition(Mark.PASS, text("**Pods changed as declared:** {n}, each set of pods judged by itself.", n=changes))
        )
    elif scenario.endpoints and steady:
        found.append(
            Condition(Mark.PASS, text("**Same {names}** in the EndpointSlices before, during and after.", names=names))
        )
    elif not strays or scenario.verdict.cause is Cause.ENDPOINTS:
        readings = [_reading(reading.at_s, reading.ready, figures) for reading in scenario.endpoints]
        sets = join(readings[:4], last=", ") if readings else text("none was seen")
        found.append(Condition(Mark.INVALID, text("**Same {names}: broken.** {sets}.", names=names, sets=sets)))
    return found


def _reading(at_s: float, ready: tuple[str, ...], figures: Figures) -> Text:
    names = [pod.short if (pod := figures.of(uid)) else uid for uid in ready]
    when = "at the start" if at_s <= 0 else f"from {duration(at_s)} on"
    return text("{when} {pods}", when=when, pods=codes(names, most=5) if names else "none")


def _books(scenario: ScenarioRecord, figures: Figures) -> list[Condition]:
    joined = scenario.reconciliation
    if scenario.load.identified_by:
        known = text(
            "**Only the answers' word:** {it} names the pod. This backend keeps no ids, so a request that was lost, doubled or "
            "answered by another on the way goes unseen.",
            it=scenario.load.identified_by,
        )
        return [
            Condition(Mark.PASS, text("**One request per connection:** the client sent no more on any.")),
            Condition(Mark.INCONCLUSIVE, known),
        ]
    found = [_one_request(figures)]
    if joined.discrepancies:
        more = len(joined.discrepancies) - 1
        broken = text(
            "**Client and pods agree: broken.** {first}{more}",
            first=joined.discrepancies[0],
            more=f" And {number(more)} more." if more else "",
        )
        return [*found, Condition(Mark.INVALID, broken)]
    agree = text(
        "**Client and pods agree:** {logged} of {sent} ids stand in the pods' own logs, each once.",
        logged=f"{joined.logged:,}",
        sent=f"{joined.sent:,}",
    )
    once = text("**No hidden retry:** no id stands twice in any log, and none in two.")
    return [*found, Condition(Mark.PASS, once), Condition(Mark.PASS, agree)]


def _one_request(figures: Figures) -> Condition:
    longest = f"{figures.samples.longest_connection:,}"
    if figures.pooled:
        template = "**One request per connection: broken.** The pods counted up to request {longest} on one connection."
        return Condition(Mark.INVALID, text(template, longest=longest))
    if figures.samples.longest_connection > 1:
        shared = text(
            "**Requests share connections, as this client's do:** {requests} on {connections}, up to {longest} on one. "
            "The verdict counts connections.",
            requests=counted(figures.answered, "answer"),
            connections=counted(figures.choices, "connection"),
            longest=longest,
        )
        return Condition(Mark.PASS, shared)
    template = "**One request per connection:** request index 1 on all {n}, as the pods counted it."
    return Condition(Mark.PASS, text(template, n=f"{figures.answered:,}"))


def _converged(scenario: ScenarioRecord) -> Condition:
    if scenario.converged:
        return Condition(
            Mark.PASS, text("**Converged first:** EndpointSlices, roll-out and answers agreed before the load started.")
        )
    led_to = Mark(scenario.verdict.word.value) if scenario.verdict.word in {Word.FAIL, Word.INVALID} else Mark.INCONCLUSIVE
    missing = text("**Not converged:** EndpointSlices, roll-out and answers did not agree in time; the load ran all the same.")
    return Condition(led_to, missing)


def _client(scenario: ScenarioRecord) -> Condition:
    load = scenario.load
    cpu = f"{100 * load.client_cpu_share:.0f} %"
    if not load.bottlenecks and not load.stalls:
        return Condition(
            Mark.PASS, text("**The client kept up:** {cpu} of one CPU, no attempt took 1\N{NO-BREAK SPACE}s.", cpu=cpu)
        )
    return Condition(
        Mark.INCONCLUSIVE,
        text(
            "**The client was at a limit:** {cpu} of one CPU, {stalls} of 1 s or more. Latencies include its delay. {found}",
            cpu=cpu,
            stalls=counted(load.stalls, "attempt"),
            found=" ".join(load.bottlenecks),
        ),
    )
