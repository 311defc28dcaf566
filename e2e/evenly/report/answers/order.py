"""What FAIL by order, drift, turn or move means, in sentences: even in all, perhaps, and still not as declared."""

from collections import Counter
from itertools import pairwise

from evenly.judge.law import Pick
from evenly.report.answer import Finding
from evenly.report.answers.uneven import how_unlikely
from evenly.report.figures import Figures
from evenly.report.text.markup import codes, text
from evenly.report.text.numbers import counted
from evenly.results.schema import ScenarioRecord

WINDOW = 100  # connections


def order(scenario: ScenarioRecord, figures: Figures) -> Finding:
    """Say how often a connection met the pod of the one before, and how often chance would have it."""
    pairs = list(pairwise(figures.samples.answers[: scenario.load.prelude]))
    again = sum(before == now for before, now in pairs)
    by_chance = sum(scenario.rule.shares.get(before, 0.0) for before, _ in pairs)
    return Finding(
        "No.",
        text("Which pod a connection gets depends on the one before."),
        text(
            "One after the other, **{again}** of {n} met the pod of the one before; by chance it would be about {by_chance}.",
            again=f"{again:,}",
            n=counted(len(pairs), "connection"),
            by_chance=f"{by_chance:.0f}",
        ),
        (how_unlikely(scenario),),
    )


def drift(scenario: ScenarioRecord, figures: Figures) -> Finding:
    """Say when the shares were furthest from the declared ones, and by how much."""
    answers = figures.samples.answers
    off, begin, furthest = 0.0, 0, figures.expected[0]
    for at in range(0, scenario.verdict.connections, WINDOW):
        got = Counter(answers[at : at + WINDOW])
        for pod in figures.expected:
            if (now := abs(got[pod.pod.uid] / WINDOW - pod.declared)) > off:
                off, begin, furthest = now, at, pod
    then = answers[begin : begin + WINDOW].count(furthest.pod.uid) / WINDOW
    return Finding(
        "No.",
        text("The shares change while the load runs."),
        text(
            "Of connections {first} to {last} `{pod}` got **{then} %**, of all {share} %. Declared: {declared} %.",
            first=f"{begin + 1:,}",
            last=f"{begin + WINDOW:,}",
            pod=furthest.short,
            then=f"{100 * then:.0f}",
            share=f"{100 * furthest.share:.1f}",
            declared=f"{100 * furthest.declared:.1f}",
        ),
        (how_unlikely(scenario),),
    )


def turn(scenario: ScenarioRecord, figures: Figures) -> Finding:
    """Say which connection was out of turn."""
    return _broken(scenario, figures, "Pods do not take turns.", "The ones before it had gone to {before}.")


def move(scenario: ScenarioRecord, figures: Figures) -> Finding:
    """Say which connection met another pod than its client's first."""
    return _broken(scenario, figures, "A client does not stay on its pod.", "Its client's first had gone to {before}.")


def _broken(scenario: ScenarioRecord, figures: Figures, headline: str, then: str) -> Finding:
    at = scenario.verdict.decided_at or 1
    earlier = figures.samples.answers[max(0, at - len(figures.expected)) : at - 1]
    if scenario.rule.pick is Pick.PER_CLIENT:
        earlier = earlier[-1:]
    names = [pod.short if (pod := figures.of(uid)) else "nobody" for uid in (*earlier, figures.samples.answers[at - 1])]
    *before, now = names
    return Finding(
        "No.",
        text(headline),
        text(
            "Connection **{at}** went to {now}. {then}",
            at=f"{at:,}",
            now=codes([now]),
            then=text(then, before=codes(before)) if before else "",
        ),
        (text("**Certain.** One connection settles it: this law leaves nothing to chance."),),
    )
