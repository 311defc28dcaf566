"""How many runs end: by the shares, the order of the first connections and drift together, as the judge weighs them."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from calibration.drift import Windows
from calibration.order import Picks, ln_order
from calibration.tallies import Counts, Flags, Floats, Shares, Tallies, ln_mean
from evenly.judge import LOOK_EVERY, Law, ShareRule, cap
from evenly.load.plan import PRELUDE

PRELUDE_BLOCKS = PRELUDE // LOOK_EVERY
# The runs that go on, the number of a block (from 0) and its connections: gives the counts of each.
Draw = Callable[[npt.NDArray[np.intp], int, int], Counts]


@dataclass(frozen=True, slots=True)
class Streams:
    """The connections of many runs: the pods of the first, which are made one after the other, and how all later are drawn."""

    prelude: Picks
    draw: Draw


@dataclass(frozen=True, slots=True)
class Ended:
    """How each run ended: by PASS, by FAIL or, where both are false, INCONCLUSIVE; the counts and the evidence then."""

    passed: Flags
    failed: Flags
    counts: Counts
    ln_uneven: Floats

    @property
    def connections(self) -> Counts:
        """How many connections each run took."""
        return np.asarray(self.counts.sum(axis=1))


@cache
def tallies_for(declared: tuple[float, ...]) -> Tallies:
    """Return the tallies for declared shares, with the cap, which takes a while to plan."""
    rule = ShareRule(Law("declared", {str(pod): share for pod, share in enumerate(declared)}))
    return Tallies(rule, cap(rule))


def block_sizes(longest: int) -> list[int]:
    """Return the connections from each look to the next, the last look being at the cap."""
    return [LOOK_EVERY] * (longest // LOOK_EVERY) + ([longest % LOOK_EVERY] if longest % LOOK_EVERY else [])


def by_chance(shares: Shares, runs: int, random: np.random.Generator) -> Streams:
    """Make streams of connections that all get their pods with these chances, independently."""
    return by_blocks(lambda going, _, size: random.multinomial(size, shares, going.size), runs, random)


def by_blocks(draw: Draw, runs: int, random: np.random.Generator) -> Streams:
    """Make streams whose connections are independent within each block: any order of a block is then equally likely."""
    blocks = []
    for number in range(PRELUDE_BLOCKS):
        counts = draw(np.arange(runs), number, LOOK_EVERY)
        pods = np.tile(np.arange(counts.shape[1]), runs)
        blocks.append(random.permuted(np.repeat(pods, counts.ravel()).reshape(runs, LOOK_EVERY), axis=1))
    return Streams(np.concatenate(blocks, axis=1), draw)


def counted(picks: Picks, pods: int) -> Counts:
    """Return how often each pod was picked in each run."""
    runs = len(picks)
    return np.bincount((picks + np.arange(runs)[:, None] * pods).ravel(), minlength=runs * pods).reshape(runs, pods)


def run(tallies: Tallies, streams: Streams) -> Ended:
    """Look at every run until it is decided or the cap is reached."""
    runs, pods = len(streams.prelude), tallies.shares.size
    ended = Ended(np.zeros(runs, bool), np.zeros(runs, bool), np.zeros((runs, pods), np.int64), np.zeros(runs))
    order = ln_order(streams.prelude, tallies.shares, LOOK_EVERY * np.arange(1, PRELUDE_BLOCKS + 1))
    drift = Windows(tallies.rule, runs)
    going, counts = np.arange(runs), ended.counts
    for number, size in enumerate(block_sizes(tallies.longest)):
        if number < PRELUDE_BLOCKS:
            serial = streams.prelude[going, number * LOOK_EVERY : (number + 1) * LOOK_EVERY]
            counts = counts + counted(serial, pods)
        else:
            counts = counts + streams.draw(going, number, size)
        even, shares = tallies.look(counts)
        uneven = ln_mean(shares, order[:, min(number, PRELUDE_BLOCKS - 1)], drift.count(counts))
        failed = uneven >= tallies.ln_fail
        passed = (even >= tallies.ln_pass) & ~failed
        ended.failed[going], ended.passed[going] = failed, passed
        ended.counts[going], ended.ln_uneven[going] = counts, uneven
        undecided = ~(failed | passed)
        if not undecided.any():
            break
        if not undecided.all():
            going, counts, order = going[undecided], counts[undecided], order[undecided]
            drift.keep(undecided)
    return ended
