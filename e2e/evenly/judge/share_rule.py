"""The share rule: decides from counts, at any number of connections, whether pods get the shares that their law declares."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import log
from types import MappingProxyType

from evenly.judge.law import Law
from evenly.judge.ln_mean import ln_mean
from evenly.judge.mixture import Mixture
from evenly.judge.verdict import Cause, Word

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

    ``decides`` is PASS, FAIL, or None while neither tally is large enough; ``most_against`` is the part of the tally for
    "uneven" that says most. ``broken_at`` is the attempt that settled a law without chance, or None.
    """

    connections: int
    ln_even: float
    ln_uneven: float
    decides: Word | None
    most_against: Cause = Cause.SHARES
    broken_at: int | None = None


def passes(ln_even: float, beta: float) -> Word | None:
    """Return PASS when the tally for "even" is large enough to be wrong with a rate of beta at most."""
    return Word.PASS if ln_even >= -log(beta) else None


def _most_against(ln_shares: float, beside: Mapping[Cause, float]) -> Cause:
    """Name the shares, unless something else says more than twice as much: a bias also shows in the order."""
    other = max(beside, key=beside.__getitem__, default=Cause.SHARES)
    return other if beside.get(other, 0.0) > max(0.0, 2 * ln_shares) else Cause.SHARES


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
    _anywhere: Mixture = field(init=False, repr=False, compare=False)
    _edges: tuple[_Edge, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        for name, rate in (("alpha", self.alpha), ("beta", self.beta), ("delta", self.delta)):
            if not 0 < rate < 1:
                raise ValueError(f"{name} is a number between 0 and 1; got {rate}")
        answering = self.law.answering
        object.__setattr__(self, "_pods", tuple(answering))
        ln_shares = tuple(log(share) for share in answering.values())
        object.__setattr__(self, "_anywhere", Mixture(ln_shares, (1.0,) * len(ln_shares)))
        object.__setattr__(self, "_edges", _edges_of(answering.values(), self.delta))

    def look(
        self, counts: Mapping[str, int], unattributed: int = 0, beside: Mapping[Cause, float] = MappingProxyType({})
    ) -> Look:
        """Weigh the answers per pod, and ``unattributed`` attempts that nobody knows the pod of.

        ``beside`` has the logarithms of other evidence against the law, such as that of its order, from the same attempts: all
        share alpha, and FAIL comes when their mean with E is >= 1/alpha.

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
        at_edges = ln_mean([-ln_ratio for ln_ratio in self._ln_ratios(total, most, least)])
        ln_shares = ln_mean((at_edges, self._anywhere.ln_evidence(hits, unattributed)))
        ln_uneven = ln_mean((ln_shares, *beside.values()))
        decides = Word.FAIL if ln_uneven >= -log(self.alpha) else passes(ln_even, self.beta)
        return Look(total, ln_even, ln_uneven, decides, _most_against(ln_shares, beside))

    def _ln_ratios(self, total: int, below: Sequence[int], above: Sequence[int]) -> list[float]:
        """Return ln LR of every edge, with the hits to reckon with at edges below the share and at edges above it."""
        return [total * e.miss + (below if e.slope > 0 else above)[e.pod] * e.slope for e in self._edges]
