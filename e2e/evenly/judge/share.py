"""The share rule: decides from counts, at any number of connections, whether pods get the shares that their law declares."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from heapq import heapify, heapreplace
from math import exp, fsum, lgamma, log

from evenly.judge.law import Law
from evenly.judge.verdict import Word

ALPHA = 1e-6  # false FAIL: a Service that follows its law is failed this often at most
BETA = 1e-3  # false PASS: a Service that is off by delta or more is passed this often at most
DELTA = 0.05  # the deviation that must be caught, as a share: 5 percentage points


def deviation_to_catch(share: float, delta: float = DELTA) -> float:
    """Return the smallest deviation from a declared share that must be caught: delta, but never more than half the share.

    A flat delta would leave a small share without a lower edge, and a dead pod behind it unseen.
    """
    return min(delta, share / 2)


def edges(share: float, delta: float = DELTA) -> tuple[float, ...]:
    """Return the shares, below and above the declared one, from which on a deviation must be caught.

    Only the one below where the one above would be the whole or more: the others' lower edges see to that side.
    """
    deviation = deviation_to_catch(share, delta)
    return tuple(edge for edge in (share - deviation, share + deviation) if edge < 1)


@dataclass(frozen=True, slots=True)
class Look:
    """What the first ``connections`` attempts say, as natural logarithms: of the tally for "even" and of that for "uneven".

    ``decides`` is PASS, FAIL, or None while neither tally is large enough.
    """

    connections: int
    ln_even: float
    ln_uneven: float
    decides: Word | None


@dataclass(frozen=True, slots=True)
class _Edge:
    """One pod's alternative b to its share q; ln LR = connections * miss + hits * slope."""

    pod: int
    slope: float  # ln(q / b) - ln((1 - q) / (1 - b)): negative for an edge above the share, positive for one below
    miss: float  # ln((1 - q) / (1 - b))


def _edges_of(shares: Iterable[float], delta: float) -> tuple[_Edge, ...]:
    made = []
    for pod, share in enumerate(shares):
        for edge in edges(share, delta):
            # A pod with the whole share gets every attempt: there is nothing to miss.
            miss = log((1 - share) / (1 - edge)) if share < 1 else 0.0
            made.append(_Edge(pod, log(share / edge) - miss, miss))
    return tuple(made)


@dataclass(frozen=True, slots=True)
class ShareRule:
    """A sequential test of a law's shares that may look after any number of connections and keeps its error rates.

    Even: for every pod with share q and every edge b = q - d, q + d, with d = ``deviation_to_catch(q, delta)``, the likelihood
    ratio (q/b)^n ((1-q)/(1-b))^(N-n) is a supermartingale at and beyond that edge. PASS when the smallest is >= 1/beta
    (intersection-union test, Ville's inequality).
    Uneven: E = 1/2 mean over edges of 1/LR + 1/2 Gamma(k) prod Gamma(n+1) / (Gamma(N+k) prod q^n), the second half being a
    uniform mixture over all shares, is a martingale of mean 1 under the law. FAIL when E >= 1/alpha; both at once are a FAIL.

    Sources: Wald 1945; Ville 1939; Robbins 1970; Wellek 2010 (equivalence); Ramdas et al. 2023 (e-values).
    """

    law: Law
    alpha: float = ALPHA
    beta: float = BETA
    delta: float = DELTA
    _pods: tuple[str, ...] = field(init=False, repr=False, compare=False)
    _ln_shares: tuple[float, ...] = field(init=False, repr=False, compare=False)
    _edges: tuple[_Edge, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        for name, rate in (("alpha", self.alpha), ("beta", self.beta), ("delta", self.delta)):
            if not 0 < rate < 1:
                raise ValueError(f"{name} is a number between 0 and 1; got {rate}")
        answering = self.law.answering
        object.__setattr__(self, "_pods", tuple(answering))
        object.__setattr__(self, "_ln_shares", tuple(log(share) for share in answering.values()))
        object.__setattr__(self, "_edges", _edges_of(answering.values(), self.delta))

    def look(self, counts: Mapping[str, int], unattributed: int = 0) -> Look:
        """Weigh the answers per pod, and ``unattributed`` attempts that nobody knows the pod of.

        Neither tally rests on an unattributed attempt: "even" is the smallest that any way of giving them to the law's pods
        leaves, "uneven" is at most the smallest. Without any this is the plain rule. ``counts`` has every pod that may answer.
        Raises KeyError for a pod that is missing, ValueError for one that must not answer.
        """
        hits = [counts[pod] for pod in self._pods]
        if sum(counts.values()) != sum(hits):
            raise ValueError(f"only pods with a share in the law can be counted; got {dict(counts)}")
        total = sum(hits) + unattributed
        most = [n + unattributed for n in hits]
        least = hits if len(hits) > 1 else most  # a pod alone cannot but get them all
        ln_even = min(self._ln_ratios(total, least, most))
        ln_uneven = self._ln_mixture(total, self._ln_ratios(total, most, least), self._levelled(hits, unattributed))
        if ln_uneven >= -log(self.alpha):
            return Look(total, ln_even, ln_uneven, Word.FAIL)
        return Look(total, ln_even, ln_uneven, Word.PASS if ln_even >= -log(self.beta) else None)

    def _ln_ratios(self, total: int, below: Sequence[int], above: Sequence[int]) -> list[float]:
        """Return ln LR of every edge, with the hits to reckon with at edges below the share and at edges above it."""
        return [total * e.miss + (below if e.slope > 0 else above)[e.pod] * e.slope for e in self._edges]

    def _ln_mixture(self, total: int, ln_ratios: Sequence[float], hits: Sequence[int]) -> float:
        """Return ln E; sums of exponentials are taken around the largest, as the terms themselves overflow."""
        pods = len(hits)
        ln_any = lgamma(pods) - lgamma(total + pods)
        ln_any += fsum(lgamma(n + 1) - n * ln_share for n, ln_share in zip(hits, self._ln_shares, strict=True))
        top = max(ln_any, -min(ln_ratios))
        at_edges = sum(exp(-ln_ratio - top) for ln_ratio in ln_ratios) / len(ln_ratios)
        return top + log((at_edges + exp(ln_any - top)) / 2)

    def _levelled(self, hits: Sequence[int], unattributed: int) -> Sequence[int]:
        """Give the attempts where they make the mixture over all shares smallest: each to the pod furthest below its share.

        One more hit multiplies the mixture by (n+1)/q over a common factor, which grows with n: taking the smallest is optimal.
        """
        if not unattributed:
            return hits
        levels = [(log(n + 1) - ln_share, pod) for pod, (n, ln_share) in enumerate(zip(hits, self._ln_shares, strict=True))]
        heapify(levels)
        levelled = list(hits)
        for _ in range(unattributed):
            pod = levels[0][1]
            levelled[pod] += 1
            heapreplace(levels, (log(levelled[pod] + 1) - self._ln_shares[pod], pod))
        return levelled
