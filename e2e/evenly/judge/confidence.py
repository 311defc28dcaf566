"""Intervals for the pods' true shares that hold however and whenever the load was stopped."""

from bisect import bisect_left
from collections.abc import Callable
from math import lgamma, log

_MISS = 0.05  # all pods' intervals together miss a true share this often at most
_HALVINGS = 50  # leaves 1e-15 of a share


def interval(n: int, total: int, pods: int) -> tuple[float, float]:
    """Return the lowest and highest true share of a pod that is compatible with ``n`` of ``total`` connections.

    A 95 % confidence sequence for all ``pods`` together: the shares p with B(n+1, total-n+1) / (p^n (1-p)^(total-n)) below
    pods / 0.05, the left side being a martingale of mean 1 at the true share (uniform mixture; Robbins 1970, Ville 1939).
    """
    ln_beta = lgamma(n + 1) + lgamma(total - n + 1) - lgamma(total + 2)
    ln_limit = log(pods / _MISS)

    def ruled_out(p: float) -> bool:
        hits = n * log(p) if n else 0.0
        misses = (total - n) * log(1 - p) if n < total else 0.0
        return ln_beta - hits - misses >= ln_limit

    seen = n / total if total else 0.5
    return (_end(ruled_out, 0.0, seen) if n else 0.0), (_end(ruled_out, 1.0, seen) if n < total else 1.0)


def _end(ruled_out: Callable[[float], bool], outside: float, inside: float) -> float:
    """Return where, between a share that is ruled out and one that is not, the ruling out begins."""
    for _ in range(_HALVINGS):
        middle = (outside + inside) / 2
        if ruled_out(middle):
            outside = middle
        else:
            inside = middle
    return outside


def visible(share: float, total: int, pods: int) -> float:
    """Return how far above its declared share a pod's count must be to show at ``total`` connections: as a share.

    It shows when the declared share lies outside of its interval: the smallest bias that a sample of this size can tell from
    chance for one of ``pods``. 1 - share where none would.
    """
    counts = range(round(share * total), total + 1)
    fewest = bisect_left(counts, 1, key=lambda n: interval(n, total, pods)[0] > share)
    return counts[fewest] / total - share if fewest < len(counts) else 1 - share
