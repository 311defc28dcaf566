"""What a run can conclude: a word and, unless it passed, the cause that decided."""

from dataclasses import dataclass
from enum import StrEnum


class Word(StrEnum):
    """The four words a run can end with."""

    PASS = "PASS"  # noqa: S105 - a verdict, not a password
    FAIL = "FAIL"
    INCONCLUSIVE = "INCONCLUSIVE"
    INVALID = "INVALID"

    @property
    def exit_code(self) -> int:
        """The exit code of a run that ends with this word; pytest keeps 2 to 5 for itself."""
        return {Word.PASS: 0, Word.FAIL: 1, Word.INCONCLUSIVE: 10, Word.INVALID: 11}[self]


class Cause(StrEnum):
    """What decided against PASS, in the order in which it is looked for."""

    UNEXPECTED_POD = "unexpected pod"
    UNRECONCILED = "unreconciled"
    ENDPOINTS = "endpoints"
    ERRORS = "errors"
    SHARES = "shares"
    ORDER = "order"
    DRIFT = "drift"
    TURN = "turn"
    MOVE = "move"
    UNDECIDED = "undecided"

    @property
    def word(self) -> Word:
        """The word that this cause leads to."""
        return _WORD_OF[self]

    @property
    def weighed(self) -> bool:
        """Whether it is what a look's evidence says, which may take long to show; other causes settle a run at once."""
        return self in {Cause.SHARES, Cause.ORDER, Cause.DRIFT}


_WORD_OF = {
    Cause.UNEXPECTED_POD: Word.FAIL,
    Cause.UNRECONCILED: Word.INVALID,
    Cause.ENDPOINTS: Word.INVALID,
    Cause.ERRORS: Word.FAIL,
    Cause.SHARES: Word.FAIL,
    Cause.ORDER: Word.FAIL,
    Cause.DRIFT: Word.FAIL,
    Cause.TURN: Word.FAIL,
    Cause.MOVE: Word.FAIL,
    Cause.UNDECIDED: Word.INCONCLUSIVE,
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """The conclusion of one run.

    ``connections`` is how many attempts, in order of start, the verdict rests on; ``decided_at`` is the attempt that settled
    it (1-based), or None where no single attempt did. ``pods`` are the keys (UIDs) of the pods that the cause names.
    """

    cause: Cause | None
    connections: int
    decided_at: int | None = None
    pods: tuple[str, ...] = ()

    @property
    def word(self) -> Word:
        """PASS when nothing spoke against it, else the word of the cause."""
        return self.cause.word if self.cause else Word.PASS
