"""Attempts under a law of independent picks: what their shares, their order and their drift say together."""

from dataclasses import replace
from operator import sub

from evenly.judge.attempt import Attempt
from evenly.judge.drift import Drift
from evenly.judge.order import Order
from evenly.judge.share_rule import Look, ShareRule
from evenly.judge.verdict import Cause


class Chance:
    """Takes attempts in order of start, and weighs three kinds of evidence at each look, under one alpha.

    The order is that of the serial attempts alone. A block for the drift is what came from one look to the next: where it ends
    is fixed beforehand, and does not depend on the pods.
    """

    def __init__(self, rule: ShareRule) -> None:
        self._rule = rule
        self._order = Order(rule.law)
        self._drift = Drift(rule.law, rule.delta)
        self._counts = dict.fromkeys(rule.law.answering, 0)
        self._unattributed = 0
        self._before = [0] * len(self._counts)
        self._unattributed_before = 0

    def count(self, attempt: Attempt) -> None:
        """Take the next attempt; its pod is one of the law's."""
        if attempt.serial:
            self._order.count(attempt.pod)
        if attempt.pod is None:
            self._unattributed += 1
        else:
            self._counts[attempt.pod] += 1

    def look(self, attempts: int) -> Look:
        """Weigh all that was counted so far, of so many attempts."""
        counts = list(self._counts.values())
        self._drift.count(list(map(sub, counts, self._before)), self._unattributed - self._unattributed_before)
        self._before, self._unattributed_before = counts, self._unattributed
        beside = {Cause.ORDER: self._order.ln_evidence, Cause.DRIFT: self._drift.ln_evidence}
        return replace(self._rule.look(self._counts, self._unattributed, beside), connections=attempts)
