"""The order rule: decides, from connections opened one after the other, whether a pod depends on the ones before."""

from collections import defaultdict
from math import log

from evenly.judge.law import Law
from evenly.judge.ln_mean import ln_mean


class Order:
    """Bets against independence on each connection of one serial client, given the pod before; takes them in order of start.

    With q the share of the pod before and R = 1 when it answers again, three bets multiply up: on staying, 1 + (R - q); on
    leaving, 1 - (R - q), which round robin wins; on repeating a pattern, (n + p) / (N + 1) / p for a pod of share p that has
    followed the one before in n of N cases. Each is a martingale of mean 1 under any independent law, and so is their mean:
    it can be added to other evidence at any time.

    1 is the largest stake on R - q that every share allows: a bet on leaving stays positive below 1 / (1 - q), one on staying
    below 1 / q, and one of these is as near to 1 as q is to 0 or 1. Where a pod never answers twice in a row the second bet
    grows by ln(1 + q) a connection; it alone would need more than 200 connections above 12 pods, where the pattern needs little
    more than one round. Sources: Ville 1939; Ramdas et al. 2023 (betting); Krichevsky and Trofimov 1981 (patterns).
    """

    def __init__(self, law: Law) -> None:
        self._shares = law.answering
        self._before: str | None = None
        self._ln_bets = (0.0, 0.0, 0.0)
        self._followed: dict[str, dict[str, int]] = {pod: defaultdict(int) for pod in self._shares}

    def count(self, pod: str | None) -> None:
        """Take the next connection's pod; None where nobody knows it: each bet then loses what it can, and rests for one."""
        before, self._before = self._before, pod
        if before is None:
            return
        possible = self._shares if pod is None else (pod,)
        lowest = [min(factors) for factors in zip(*(self._factors(before, one) for one in possible), strict=True)]
        staying, leaving, pattern = self._ln_bets
        self._ln_bets = (staying + log(lowest[0]), leaving + log(lowest[1]), pattern + log(lowest[2]))
        if pod is not None:
            self._followed[before][pod] += 1

    @property
    def ln_evidence(self) -> float:
        """The natural logarithm of the evidence so far that the order is not independent; 0 before the second connection."""
        return ln_mean(self._ln_bets)

    def _factors(self, before: str, pod: str) -> tuple[float, float, float]:
        q, p = self._shares[before], self._shares[pod]
        surplus = (pod == before) - q
        followed = self._followed[before]
        return 1 + surplus, 1 - surplus, (followed.get(pod, 0) / p + 1) / (sum(followed.values()) + 1)
