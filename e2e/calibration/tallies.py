"""The share rule for many runs at once: the judge's tallies over arrays, and how each run ends."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from math import lgamma, log

import numpy as np
import numpy.typing as npt

from evenly.judge import LOOK_EVERY, Law, ShareRule, cap
from evenly.judge.share import edges

Counts = npt.NDArray[np.int64]  # the last axis holds the pods, the one before it mostly the runs
Shares = npt.NDArray[np.float64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Draw = Callable[[npt.NDArray[np.intp], int], Counts]  # the runs that go on, connections from one look to the next


class Tallies:
    """What ``ShareRule.look`` says of the counts of many runs, up to ``longest`` connections each.

    The judge itself looks at one run in Python; a unit test holds both together. ``edge_pods`` and ``edge_shares`` name each
    edge's pod and the share from which on its deviation must be caught.
    """

    def __init__(self, rule: ShareRule, longest: int) -> None:
        self.shares: Shares = np.array(list(rule.law.answering.values()))
        found = [(pod, edge) for pod, share in enumerate(self.shares) for edge in edges(float(share), rule.delta)]
        self.edge_pods = np.array([pod for pod, _ in found])
        self.edge_shares: Shares = np.array([edge for _, edge in found])
        self.ln_pass = -log(rule.beta)
        self.ln_fail = -log(rule.alpha)
        own = self.shares[self.edge_pods]
        self._hit = np.log(own / self.edge_shares)
        self._miss = np.log((1 - own) / (1 - self.edge_shares))
        self._ln_gamma = np.array([0.0, *(lgamma(n) for n in range(1, longest + self.shares.size + 1))])

    def ln_ratios(self, counts: Counts) -> Floats:
        """Return ln LR of the law against each edge: one row a run, one column an edge."""
        hits = counts[:, self.edge_pods]
        ratios: Floats = hits * self._hit + (counts.sum(axis=1)[:, None] - hits) * self._miss
        return ratios

    def look(self, counts: Counts) -> tuple[Floats, Floats]:
        """Return ln of the tally for "even" and of that for "uneven", of each run."""
        ratios = self.ln_ratios(counts)
        pods = self.shares.size
        ln_any = self._ln_gamma[pods] - self._ln_gamma[counts.sum(axis=1) + pods]
        ln_any += (self._ln_gamma[counts + 1] - counts * np.log(self.shares)).sum(axis=1)
        even: Floats = ratios.min(axis=1)
        ln_edges = np.log(np.exp(even[:, None] - ratios).mean(axis=1)) - even
        return even, np.logaddexp(ln_edges, ln_any) - log(2)


@dataclass(frozen=True, slots=True)
class Ended:
    """How each run ended: by PASS, by FAIL or, where both are false, INCONCLUSIVE; and the counts that it rests on."""

    passed: Flags
    failed: Flags
    counts: Counts

    @property
    def connections(self) -> Counts:
        """How many connections each run took."""
        return np.asarray(self.counts.sum(axis=1))


@cache
def rule_for(declared: tuple[float, ...]) -> tuple[ShareRule, int]:
    """Return the share rule for declared shares, and its cap, which takes a while to plan."""
    rule = ShareRule(Law("declared", {str(pod): share for pod, share in enumerate(declared)}))
    return rule, cap(rule)


def look_sizes(longest: int) -> list[int]:
    """Return the connections from each look to the next, the last look being at the cap."""
    return [LOOK_EVERY] * (longest // LOOK_EVERY) + ([longest % LOOK_EVERY] if longest % LOOK_EVERY else [])


def run(tallies: Tallies, longest: int, runs: int, draw: Draw) -> Ended:
    """Look at every run until it is decided or the cap is reached."""
    ended = Ended(np.zeros(runs, bool), np.zeros(runs, bool), np.zeros((runs, tallies.shares.size), np.int64))
    going = np.arange(runs)
    for size in look_sizes(longest):
        ended.counts[going] += draw(going, size)
        even, uneven = tallies.look(ended.counts[going])
        failed = uneven >= tallies.ln_fail
        passed = (even >= tallies.ln_pass) & ~failed
        ended.failed[going] = failed
        ended.passed[going] = passed
        going = going[~(failed | passed)]
        if not going.size:
            break
    return ended
