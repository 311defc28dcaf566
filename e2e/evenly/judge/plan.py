"""The fixed plan: how many connections a test of fixed size would need, which bounds the sequential one."""

from bisect import bisect_left
from dataclasses import dataclass
from functools import cache
from math import ceil, exp, floor, lgamma, log

from evenly.judge.exact import needed
from evenly.judge.law import Pick
from evenly.judge.share_rule import ShareRule, edges

CONNECTIONS_A_CLIENT = 2
"""A client that stays shows it at its second connection; a third would tell less than another client's two."""

_LONGEST = 10**8  # connections, like the next; both limits are far beyond what can be sent
_WIDEST = 10**4
_NEGLIGIBLE = 1e-17  # of a tail: what further terms would add is lost in rounding
_ROUNDING = 1e-6  # connections: a pod's share of them is seldom exact in binary


@dataclass(frozen=True, slots=True)
class Plan:
    """PASS when every pod's count is within ``margin`` connections of its share of ``connections``."""

    connections: int
    margin: int


@cache  # 75 ms, and a load asks again and again
def fixed_plan(share: float, pods: int, *, alpha: float, beta: float, delta: float) -> Plan:
    """Return the shortest plan, in multiples of ``pods``, for a pod with this share among so many.

    Method: a margin needs so many connections that P(count inside it | edge) <= beta at each of the pod's edges; the smallest
    margin is taken that at this number also has P(count outside it | share) <= alpha / pods (Bonferroni). Both are exact
    binomial tails of one pod's count, so that neither rate is exceeded whatever the other pods get.
    Raises ValueError for a delta too small to plan for.
    """
    sizes = range(pods, _LONGEST, pods)
    own_edges = edges(share, delta)

    # Chances fall as sizes and margins grow; they are negated because bisection wants them to rise.
    def needed(margin: int) -> int:
        found = bisect_left(sizes, -beta, key=lambda n: -max(_inside(n, share, margin, edge) for edge in own_edges))
        return sizes[min(found, len(sizes) - 1)]

    margin = bisect_left(range(_WIDEST), -alpha / pods, key=lambda m: -_outside(needed(m), share, m))
    connections = needed(margin)
    if margin == _WIDEST or connections == sizes[-1]:
        raise ValueError(f"a deviation of {delta:g} from a share of {share:g} is too small to plan for; declare a larger one")
    return Plan(connections, margin)


def longest_plan(rule: ShareRule) -> tuple[str, Plan]:
    """Return the pod whose share takes most connections to judge at a fixed size, and its plan; of equal ones the first."""
    answering = rule.law.answering
    plans = {
        share: fixed_plan(share, len(answering), alpha=rule.alpha, beta=rule.beta, delta=rule.delta)
        for share in set(answering.values())
    }
    pod = max(answering, key=lambda pod: plans[answering[pod]].connections)
    return pod, plans[answering[pod]]


def cap(rule: ShareRule) -> int:
    """Return the number of connections at which an undecided test ends: twice what a test of fixed size needs.

    That is the longest fixed plan of its pods; where clients stay, so many clients of ``CONNECTIONS_A_CLIENT`` each.
    """
    match rule.law.pick:
        case Pick.IN_TURN:
            return 2 * needed(rule)
        case Pick.PER_CLIENT:
            return 2 * CONNECTIONS_A_CLIENT * longest_plan(rule)[1].connections
    return 2 * longest_plan(rule)[1].connections


def _limits(connections: int, share: float, margin: int) -> tuple[int, int]:
    """Return the lowest and the highest count within the margin."""
    expected = connections * share
    return ceil(expected - margin - _ROUNDING), floor(expected + margin + _ROUNDING)


def _inside(connections: int, share: float, margin: int, edge: float) -> float:
    """Return a bound on P(count inside the margin) for a pod whose true share is this edge: how often it is not beyond."""
    lowest, highest = _limits(connections, share, margin)
    if edge < share:
        return _tail(lowest, connections, edge)
    return _tail(connections - highest, connections, 1 - edge)


def _outside(connections: int, share: float, margin: int) -> float:
    """Return P(count outside the margin) for a pod that has its share."""
    lowest, highest = _limits(connections, share, margin)
    return _tail(highest + 1, connections, share) + _tail(connections - lowest + 1, connections, 1 - share)


def _tail(n: int, total: int, p: float) -> float:
    """Return P(X >= n) for X ~ Binomial(total, p) above its mean, and 1 below it, where no plan ends."""
    if n <= total * p:
        return 1.0
    if n > total or p == 0:
        return 0.0
    term = exp(lgamma(total + 1) - lgamma(n + 1) - lgamma(total - n + 1) + n * log(p) + (total - n) * log(1 - p))
    tail = 0.0
    while term > tail * _NEGLIGIBLE:
        tail += term
        term *= (total - n) / (n + 1) * p / (1 - p)
        n += 1
    return tail
