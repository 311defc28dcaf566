"""What became of each set of pods that was there during one load, as rows of a table."""

from collections.abc import Mapping
from dataclasses import dataclass

from evenly.judge.verdict import Word
from evenly.report.figures import short_names
from evenly.report.text.numbers import counted, duration, percents
from evenly.results.schema import EpochRecord, ScenarioRecord


@dataclass(frozen=True, slots=True)
class EpochRow:
    """One epoch in words: what began it, its pods, when they shared, what was lost by then."""

    change: str
    at: str
    pods: str
    fair_after: str
    shares: str
    connections: str
    lost: str
    word: Word


def epoch_rows(scenario: ScenarioRecord) -> tuple[EpochRow, ...]:
    """Write a row for each epoch, in order; none for a load whose pods stayed."""
    names = short_names(scenario.pods)
    return tuple(_row(epoch, names) for epoch in scenario.epochs)


def _row(epoch: EpochRecord, names: Mapping[str, str]) -> EpochRow:
    answered = sum(epoch.counts.values())
    shares = [epoch.counts.get(uid, 0) / answered for uid in epoch.pods] if answered else []
    return EpochRow(
        change=epoch.change or "the load began",
        at=duration(epoch.from_s),
        pods=counted(len(epoch.pods), "pod"),
        fair_after="never" if epoch.fair_after_s is None else duration(epoch.fair_after_s),
        shares=percents(shares) if shares else "",
        connections=f"{epoch.last - epoch.first + 1:,}",
        lost=_lost(epoch, names),
        word=epoch.word,
    )


def _lost(epoch: EpochRecord, names: Mapping[str, str]) -> str:
    kinds = ", ".join(f"{n:,} {kind}" for kind, n in epoch.lost.items())
    reached = ", ".join(f"{n:,} had reached {names.get(uid, uid)}" for uid, n in epoch.lost_by.items())
    return "; ".join(filter(None, (kinds, reached))) or "none"
