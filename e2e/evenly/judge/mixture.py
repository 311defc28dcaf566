"""Evidence against declared shares from a prior over all the shares that there could be instead."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from heapq import heapify, heapreplace
from math import fsum, lgamma, log
from operator import add, mul


@dataclass(frozen=True, slots=True)
class Mixture:
    """The likelihood ratio of "some other shares", spread as a Dirichlet prior, to the declared shares.

    Gamma(A) prod Gamma(a_i + n_i) / (Gamma(A + N) prod Gamma(a_i) q_i^n_i) with A the sum of the ``weights`` a_i: a martingale
    of mean 1 under the law, at every N. Weights of 1 are the uniform prior; large ones in the ratio of the shares keep the
    prior close to them. ``ln_shares`` and ``weights`` have the pods in one order, which is that of all ``hits``.
    """

    ln_shares: tuple[float, ...]
    weights: tuple[float, ...]
    _weight: float = field(init=False, repr=False, compare=False)
    _ln_none: float = field(init=False, repr=False, compare=False)  # the factors that no hit changes

    def __post_init__(self) -> None:
        object.__setattr__(self, "_weight", fsum(self.weights))
        object.__setattr__(self, "_ln_none", lgamma(self._weight) - fsum(lgamma(a) for a in self.weights))

    def ln_evidence(self, hits: Sequence[int], unattributed: int = 0) -> float:
        """Return the natural logarithm of the ratio: the smallest that any way of giving the unattributed attempts leaves."""
        levelled = self.levelled(hits, unattributed)
        # Sums over maps rather than comprehensions: a look has five of these, over up to a hundred pods.
        ln_gammas = fsum(map(lgamma, map(add, self.weights, levelled)))
        ln_declared = fsum(map(mul, levelled, self.ln_shares))
        return self._ln_none + ln_gammas - ln_declared - lgamma(self._weight + sum(levelled))

    def levelled(self, hits: Sequence[int], unattributed: int) -> Sequence[int]:
        """Give the attempts where they make the ratio smallest: each to the pod furthest below its share.

        One more hit multiplies the ratio by (n + a)/q over a common factor, which grows with n: taking the smallest is optimal.
        """
        if not unattributed:
            return hits
        levels = [
            (log(n + a) - ln_share, pod)
            for pod, (n, a, ln_share) in enumerate(zip(hits, self.weights, self.ln_shares, strict=True))
        ]
        heapify(levels)
        levelled = list(hits)
        for _ in range(unattributed):
            pod = levels[0][1]
            levelled[pod] += 1
            heapreplace(levels, (log(levelled[pod] + self.weights[pod]) - self.ln_shares[pod], pod))
        return levelled
