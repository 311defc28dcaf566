"""The laws that leave nothing to chance: pods that take turns, and clients that stay on their pod."""

from dataclasses import replace
from math import ceil, inf, log, log1p

from evenly.judge.attempt import Attempt
from evenly.judge.share_rule import Look, ShareRule, passes
from evenly.judge.verdict import Cause, Word


def needed(rule: ShareRule) -> int:
    """Return how many attempts must keep a law, so that one broken with a chance of ``delta`` would have shown it.

    (1 - delta)^n <= beta: whatever came before, each attempt breaks it with that chance.
    """
    return ceil(log(rule.beta) / log1p(-rule.delta))


class Turns:
    """Takes attempts that were made one after the other, and sees whether pods take turns.

    Turns are kept while no pod is more than one connection ahead of another and, of several, none answers twice in a row. After
    an attempt whose pod nobody knows, or that was not alone, they begin anew.
    """

    def __init__(self, rule: ShareRule) -> None:
        self._rule = rule
        self._known = 0
        self._broken_at: int | None = None
        self._counts = dict.fromkeys(rule.law.answering, 0)
        self._before: str | None = None

    def count(self, attempt: Attempt) -> None:
        """Take the next attempt; its pod is one of the law's."""
        pod = attempt.pod
        if pod is None or not attempt.serial:
            self._counts, self._before = dict.fromkeys(self._counts, 0), None
            return
        repeated = pod == self._before and len(self._counts) > 1
        self._counts[pod] += 1
        uneven = max(self._counts.values()) - min(self._counts.values()) > 1
        if self._before is not None:
            self._known += 1
            if repeated or uneven:
                self._broken_at = self._broken_at or attempt.number
        self._before = pod

    def look(self, attempts: int) -> Look:
        """Look whether all attempts so far have kept turns, for long enough."""
        return _kept(self._rule, attempts, self._known, self._broken_at, Cause.TURN)


class Stays:
    """Takes attempts of many clients, and sees whether each stays on its pod and whether, together, they are spread evenly.

    A client counts once, with the first pod that answered it: its later connections tell nothing new about the spread. One
    that nobody ever answered is an unattributed one.
    """

    def __init__(self, rule: ShareRule) -> None:
        self._rule = rule
        self._known = 0
        self._broken_at: int | None = None
        self._own: dict[str, str | None] = {}
        self._counts = dict.fromkeys(rule.law.answering, 0)

    def count(self, attempt: Attempt) -> None:
        """Take the next attempt; its pod is one of the law's."""
        own = self._own.setdefault(attempt.client, None)
        if attempt.pod is None:
            return
        if own is None:
            self._own[attempt.client] = attempt.pod
            self._counts[attempt.pod] += 1
            return
        self._known += 1
        if attempt.pod != own:
            self._broken_at = self._broken_at or attempt.number

    def look(self, attempts: int) -> Look:
        """Look whether all clients so far have stayed, and how they are spread."""
        stayed = _kept(self._rule, attempts, self._known, self._broken_at, Cause.MOVE)
        spread = self._rule.look(self._counts, len(self._own) - sum(self._counts.values()))
        if stayed.decides is Word.FAIL or spread.decides is Word.FAIL:
            return stayed if stayed.decides is Word.FAIL else replace(spread, connections=attempts)
        ln_even = min(stayed.ln_even, spread.ln_even)
        return Look(attempts, ln_even, spread.ln_uneven, passes(ln_even, self._rule.beta))


def _kept(rule: ShareRule, attempts: int, known: int, broken_at: int | None, cause: Cause) -> Look:
    """Look at a law that ``known`` attempts, those whose place was known, have kept; or one that an attempt has broken."""
    if broken_at is not None:
        return Look(attempts, 0.0, inf, Word.FAIL, cause, broken_at)
    ln_even = -known * log1p(-rule.delta)
    return Look(attempts, ln_even, 0.0, passes(ln_even, rule.beta))
