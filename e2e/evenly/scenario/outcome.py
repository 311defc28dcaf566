"""What a test gets back from a load, and how a failed assertion explains itself."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from evenly.errors import EvenlyError
from evenly.judge.verdict import Cause, Word
from evenly.load.plan import ROWS_FILE
from evenly.load.rows import Row, read_rows
from evenly.results.store import EVIDENCE

if TYPE_CHECKING:
    from evenly.results.schema import ScenarioRecord
    from evenly.scenario.run import Run


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """A judged and recorded load; equal to the word it ended with: ``assert outcome == PASS``."""

    record: "ScenarioRecord"
    explanation: str  # the answer in plain words, then the figures; of one screen
    page: Path

    @property
    def word(self) -> Word:
        """PASS, FAIL, INCONCLUSIVE or INVALID."""
        return self.record.verdict.word

    @property
    def cause(self) -> Cause | None:
        """What decided against PASS."""
        return self.record.verdict.cause

    @property
    def rows(self) -> tuple[Row, ...]:
        """The attempts in order of start, as the client recorded them."""
        return read_rows(self.page.parent / EVIDENCE / self.record.name / ROWS_FILE)

    @property
    def named(self) -> tuple[str, ...]:
        """The names of the pods that the cause is about."""
        return tuple(pod.name for pod in self.record.pods if pod.uid in self.record.verdict.pods)

    def __eq__(self, other: object) -> bool:
        return self.word is other if isinstance(other, Word) else NotImplemented

    def __bool__(self) -> NoReturn:
        raise EvenlyError("an outcome is neither true nor false", "compare it: assert outcome == PASS")

    def __hash__(self) -> int:
        return hash(self.word)

    def __repr__(self) -> str:
        return f"{self.word} ({self.cause})" if self.cause else str(self.word)


def outcome(record: "ScenarioRecord", run: "Run") -> Outcome:
    """Return what a test gets for a load that the run has just recorded."""
    return Outcome(record, "\n".join(run.report.answers[-1].lines), run.report.page)
