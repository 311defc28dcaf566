"""What FAIL by order means, in sentences: even in all, perhaps, but not by chance."""

from itertools import pairwise

from evenly.report.answer import Finding
from evenly.report.figures import Figures
from evenly.report.markup import text
from evenly.report.result import ScenarioRecord
from evenly.report.uneven import how_unlikely
from evenly.report.words import counted


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
