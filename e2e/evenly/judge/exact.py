"""The laws that leave nothing to chance: pods that take turns, and clients that stay on their pod."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf, log1p

from evenly.judge.law import Law, Pick
from evenly.judge.share import BETA, DELTA, Look, passes
from evenly.judge.verdict import Word


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt, in order of start: whose it was, and the pod that answered or None for an error."""

    client: str
    pod: str | None


def look_exactly(law: Law, attempts: Sequence[Attempt], *, beta: float = BETA, delta: float = DELTA) -> Look:
    """Look whether every attempt kept a law of turns, or of clients that stay.

    One that did not is a FAIL, which no Service that keeps the law ever gets. PASS when a Service that breaks it with a chance
    of ``delta`` or more, whatever came before, would have shown it: (1 - delta)^N <= beta for the N whose place was known.
    Turns are kept while no pod is more than one connection ahead of another and, of several, none answers twice in a row; the
    attempts must have been made one after the other. An answer from a pod without a share counts as an error here: whether it
    may answer at all is decided elsewhere. Raises KeyError for a law of independent picks.
    """
    known = 0
    answering = law.answering
    of_law = (attempt if attempt.pod in answering else replace(attempt, pod=None) for attempt in attempts)
    for number, kept in enumerate(_KEPT[law.pick](law, of_law), start=1):
        if kept is False:
            return Look(number, 0.0, inf, Word.FAIL)
        known += kept is True
    ln_even = -known * log1p(-delta)
    return Look(len(attempts), ln_even, 0.0, passes(ln_even, beta))


def first_pods(attempts: Iterable[Attempt]) -> dict[str, str]:
    """Return each client's first pod: what a law over clients counts, as its later connections tell nothing new."""
    firsts: dict[str, str] = {}
    for attempt in attempts:
        if attempt.pod is not None:
            firsts.setdefault(attempt.client, attempt.pod)
    return firsts


def _turns_kept(law: Law, attempts: Iterable[Attempt]) -> Iterator[bool | None]:
    """Yield for each attempt whether it was in turn; None where nobody can tell: at the start, at an error and after it."""
    counts = dict.fromkeys(law.answering, 0)
    before: str | None = None
    for attempt in attempts:
        if attempt.pod is None:
            counts, before = dict.fromkeys(counts, 0), None
            yield None
            continue
        repeated = attempt.pod == before and len(counts) > 1
        counts[attempt.pod] += 1
        known = before is not None
        before = attempt.pod
        yield (max(counts.values()) - min(counts.values()) <= 1 and not repeated) if known else None


def _stayed(_law: Law, attempts: Iterable[Attempt]) -> Iterator[bool | None]:
    """Yield for each attempt whether its client stayed on its pod; None for a client's first and for errors."""
    own: dict[str, str] = {}
    for attempt in attempts:
        first = own.get(attempt.client)
        yield None if first is None or attempt.pod is None else attempt.pod == first
        if attempt.pod is not None:
            own.setdefault(attempt.client, attempt.pod)


_KEPT: Mapping[Pick, Callable[[Law, Iterable[Attempt]], Iterator[bool | None]]] = {
    Pick.IN_TURN: _turns_kept,
    Pick.PER_CLIENT: _stayed,
}
