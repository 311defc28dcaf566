"""The attempts of one load as evidence: they end in any order and count in the order in which they started."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Protocol

from evenly.judge.attempt import Attempt
from evenly.judge.chance import Chance
from evenly.judge.exact import Stays, Turns
from evenly.judge.law import Pick
from evenly.judge.share_rule import Look, ShareRule
from evenly.judge.verdict import Cause, Verdict, Word

LOOK_EVERY = 100  # attempts from one look to the next


class Weighing(Protocol):
    """Attempts, in order of start, weighed against a law."""

    def count(self, attempt: Attempt) -> None:
        """Take the next attempt; its pod is one of the law's."""

    def look(self, attempts: int) -> Look:
        """Weigh all that was counted so far, of so many attempts."""


_WEIGHING: Mapping[Pick, Callable[[ShareRule], Weighing]] = MappingProxyType(
    {Pick.INDEPENDENT: Chance, Pick.IN_TURN: Turns, Pick.PER_CLIENT: Stays}
)


class Sample:
    """Takes each attempt when it has ended, and looks at what they say after every ``look_every`` of them in order of start.

    Look j covers attempts 1 to j x ``look_every`` by start, once all of them have ended: to look at completions instead would
    count fast pods first and fail a fair Service. There is one at ``cap``, too, where an undecided sample ends. ``attempts`` is
    how many, from the first on, have all ended; ``looks`` holds the looks so far, also those after the one that decided.

    The first ``prelude`` attempts were made one after the other.
    """

    def __init__(
        self, rule: ShareRule, cap: int, *, look_every: int = LOOK_EVERY, errors_allowed: int = 0, prelude: int = 0
    ) -> None:
        self.attempts = 0
        self.looks: list[Look] = []
        self.prelude = prelude
        self._weighing = _WEIGHING[rule.law.pick](rule)
        self._pods = rule.law.answering.keys()
        self._cap = cap
        self._look_every = look_every
        self._errors_allowed = errors_allowed
        self._by_looks: Verdict | None = None
        self._errors = 0
        self._exceeded_at: int | None = None
        self._strays: dict[str, int] = {}
        self._waiting: dict[int, Attempt] = {}

    def ended(self, number: int, pod: str | None, client: str = "") -> tuple[Look, ...]:
        """Take the attempt that started as the ``number``-th (from 1), with the pod that answered or None for an error.

        ``client`` is whose it was, where the law is over clients. Returns the looks that this made possible, mostly none.
        Raises ValueError for an attempt that has ended before.
        """
        if number <= self.attempts or number in self._waiting:
            raise ValueError(f"attempt {number} has ended before; each number from 1 on is to end once")
        if pod is not None and pod not in self._pods:
            self._strays[pod] = min(number, self._strays.get(pod, number))
        self._waiting[number] = Attempt(number, pod, client, number <= self.prelude)
        seen = len(self.looks)
        while attempt := self._waiting.pop(self.attempts + 1, None):
            self._count(attempt)
        return tuple(self.looks[seen:])

    def _count(self, attempt: Attempt) -> None:
        self.attempts = attempt.number
        # A stray's answers are nobody's in the law: the tallies go on over the other pods, for the picture.
        if attempt.pod is None or attempt.pod in self._pods:
            self._weighing.count(attempt)
        if attempt.pod is None:
            self._errors += 1
            if self._errors == self._errors_allowed + 1:
                self._exceeded_at = self.attempts
        if self.attempts == self._cap or self.attempts % self._look_every == 0:
            self._look()

    def _look(self) -> None:
        look = self._weighing.look(self.attempts)
        self.looks.append(look)
        open_or_passed = self._by_looks is None or self._by_looks.word is Word.PASS
        if look.decides is Word.FAIL and open_or_passed:
            self._by_looks = Verdict(look.most_against, self.attempts, decided_at=look.broken_at)
        elif self._by_looks is None and look.decides is Word.PASS:
            self._by_looks = Verdict(None, self.attempts)
        elif self._by_looks is None and self.attempts == self._cap:
            self._by_looks = Verdict(Cause.UNDECIDED, self.attempts)

    @property
    def verdict(self) -> Verdict | None:
        """What the attempts themselves decide so far; None while they do not.

        In this order: an answer from a pod that the law gives no share, known as soon as it has ended; more errors than
        allowed; the first look that decides; the cap. Errors after a FAIL by a look do not rename its cause. A load that goes
        on after PASS may still get FAIL: however long it is, a Service that keeps its law gets one in at most alpha of all.
        """
        if self._strays:
            pods = sorted(self._strays, key=self._strays.__getitem__)
            first = self._strays[pods[0]]
            return Verdict(Cause.UNEXPECTED_POD, max(first, self.attempts), decided_at=first, pods=tuple(pods))
        looked = self._by_looks
        failed_before = looked and looked.word is Word.FAIL and looked.connections < (self._exceeded_at or 0)
        if self._exceeded_at is None or failed_before:
            return looked
        return Verdict(Cause.ERRORS, self.attempts, decided_at=self._exceeded_at)
