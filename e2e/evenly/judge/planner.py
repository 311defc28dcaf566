"""What a test will take and what it may miss: its rule, tried on Services whose true shares are known."""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import accumulate
from math import ceil, comb, sqrt
from statistics import fmean, stdev

from evenly.judge.plan import Plan, longest_plan
from evenly.judge.sample import LOOK_EVERY
from evenly.judge.share_rule import ShareRule, deviation_to_catch
from evenly.judge.verdict import Word

Draw = Callable[[], float]  # gives the next number from 0 to 1, such as random.Random(seed).random

BIASES = (0.2, 0.4, 0.6, 0.8)  # as parts of the deviation that must be caught
MOST_LOOKS = 150  # of a simulated run
EVEN_WORK, BIASED_WORK = 3e6, 6e5  # about microseconds
FEWEST_EVEN, FEWEST_BIASED = 100, 20  # runs, whatever they take


class DataPlane:
    """Gives each connection to a pod, independently of all others, with these chances (above 0, together 1)."""

    def __init__(self, shares: Mapping[str, float], draw: Draw) -> None:
        *others, self._last = shares
        before = accumulate(shares.values(), initial=0.0)
        # A pod's chance once none before it was chosen; the last takes what is left.
        self._chances = [(pod, min(1.0, shares[pod] / (1 - sooner))) for pod, sooner in zip(others, before, strict=False)]
        self._draw = draw

    def add(self, connections: int, counts: dict[str, int]) -> None:
        """Add the answers of so many connections to the pods' counts."""
        for start in range(0, connections, LOOK_EVERY):
            left = min(LOOK_EVERY, connections - start)
            for pod, chance in self._chances:
                got = bisect_right(_cumulative(left, chance), self._draw())
                counts[pod] += got
                left -= got
            counts[self._last] += left


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure from simulated runs and its standard error, in the same unit."""

    value: float
    error: float


@dataclass(frozen=True, slots=True)
class Simulated:
    """How runs against one Service ended: the connections of each, ascending, and how many of the runs passed."""

    connections: tuple[int, ...]
    passed: int

    @property
    def mean(self) -> Estimate:
        """The mean number of connections of a run."""
        return Estimate(fmean(self.connections), stdev(self.connections) / sqrt(len(self.connections)))

    @property
    def p99(self) -> Estimate:
        """The connections that 99 of 100 runs stay within; its error spans the runs one standard error of their rank away."""
        runs = len(self.connections)
        rank, off = ceil(0.99 * runs) - 1, ceil(sqrt(0.99 * 0.01 * runs))
        above, below = self.connections[min(rank + off, runs - 1)], self.connections[rank - off]
        return Estimate(self.connections[rank], (above - below) / 2)

    @property
    def pass_rate(self) -> Estimate:
        """The part of runs that passed; its error is that of one more PASS and one more other end, and so never 0."""
        runs = len(self.connections)
        expected = (self.passed + 1) / (runs + 2)
        return Estimate(self.passed / runs, sqrt(expected * (1 - expected) / (runs + 2)))


@dataclass(frozen=True, slots=True)
class Miss:
    """Runs against Services in which one pod gets ``bias`` less, or more, than its share."""

    bias: float
    less: Simulated
    more: Simulated


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a test of a law takes: at a fixed size, at most (``cap``), when all is even; and how often it passes biases.

    The biases are those of ``pod``, the one that takes most connections to judge; ``fixed`` is its plan. ``look_every`` is
    how many connections lay between two looks of a simulated run.
    """

    pod: str
    fixed: Plan
    cap: int
    look_every: int
    even: Simulated
    misses: tuple[Miss, ...]


def forecast(rule: ShareRule, draw: Draw) -> Forecast:
    """Plan a test of two pods or more, and simulate it: a second or two for three pods, up to ten for a hundred.

    Looks are the product's, every 100 connections, unless that would be more than 150 to the cap; then they are that many
    times 100 apart, which lengthens a run by half that on average. Raises ValueError for a delta too small to plan for.
    """
    pod, fixed = longest_plan(rule)
    limit = 2 * fixed.connections
    look_every = LOOK_EVERY * ceil(limit / (LOOK_EVERY * MOST_LOOKS))
    pods = len(rule.law.answering)
    run_work = limit / look_every * (10 + pods) + limit / LOOK_EVERY * pods / 2  # weighing and drawing, as measured

    def tried(off: float, work: float, fewest: int) -> Simulated:
        runs = max(fewest, int(work / run_work))
        plane = DataPlane(biased(rule.law.answering, pod, off), draw)
        return simulate(rule, plane, limit, look_every=look_every, runs=runs)

    def misses() -> Iterator[Miss]:
        for fraction in BIASES:
            bias = fraction * deviation_to_catch(rule.law.answering[pod], rule.delta)
            yield Miss(bias, *(tried(sign * bias, BIASED_WORK, FEWEST_BIASED) for sign in (-1, 1)))

    return Forecast(pod, fixed, limit, look_every, tried(0, EVEN_WORK, FEWEST_EVEN), tuple(misses()))


def biased(shares: Mapping[str, float], pod: str, off: float) -> dict[str, float]:
    """Return the shares when one pod is off by so much, and the others part with it, or gain it, in proportion."""
    rest = (1 - shares[pod] - off) / (1 - shares[pod])
    return {other: share + off if other == pod else share * rest for other, share in shares.items()}


def simulate(rule: ShareRule, plane: DataPlane, limit: int, *, look_every: int, runs: int) -> Simulated:
    """Try the rule so many times on this data plane, over the law's pods that may answer, up to ``limit`` connections."""
    ended = [_run(rule, plane, limit, look_every) for _ in range(runs)]
    return Simulated(tuple(sorted(total for total, _ in ended)), sum(word is Word.PASS for _, word in ended))


def _run(rule: ShareRule, plane: DataPlane, limit: int, look_every: int) -> tuple[int, Word | None]:
    counts = dict.fromkeys(rule.law.answering, 0)
    total, word = 0, None
    while not word and total < limit:
        size = min(look_every, limit - total)
        total += size
        plane.add(size, counts)
        word = rule.look(counts).decides
    return total, word


@cache
def _cumulative(n: int, p: float) -> list[float]:
    """Return P(X <= x) for X ~ Binomial(n, p) and every x below n."""
    return list(accumulate(comb(n, x) * p**x * (1 - p) ** (n - x) for x in range(n)))
