"""The shape of an answer: what a person reads first, on a page, in a terminal and in a failed assertion."""

from dataclasses import dataclass
from enum import StrEnum

from evenly.report.text.markup import Text, plain


class Mark(StrEnum):
    """The word beside the sign: a verdict, or what became of a negative control or of a test that has none."""

    PASS = "PASS"  # noqa: S105 - a verdict, not a password
    FAIL = "FAIL"
    INVALID = "INVALID"
    INCONCLUSIVE = "INCONCLUSIVE"
    CAUGHT = "CAUGHT"
    MISSED = "MISSED"
    NOT_APPLICABLE = "NOT_APPLICABLE"


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found, and how sure that is."""

    lead: str  # "Yes."
    headline: Text
    figures: Text
    how_sure: tuple[Text, ...]


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """The cause with its evidence, and the remedy with a command to copy."""

    title: str  # "Why?", or "What could it have missed?" where nothing is wrong
    evidence: tuple[Text, ...]
    remedy: Text
    command: str
    afterwards: Text = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """A question, its answer, and why to believe it."""

    mark: Mark
    question: Text
    finding: Finding
    diagnosis: Diagnosis

    @property
    def lines(self) -> tuple[str, ...]:
        """The whole answer as plain text, a paragraph a line, for a terminal or an assertion's message."""
        found, why = self.finding, self.diagnosis
        return (
            f"{self.mark}: {found.lead} {plain(found.headline)}",
            plain(found.figures),
            "How sure? " + " ".join(map(plain, found.how_sure)),
            f"{why.title} " + " ".join(map(plain, why.evidence)),
            f"What to do? {plain(why.remedy)}",
            f"  {why.command}",
            *([plain(why.afterwards)] if why.afterwards else []),
        )
