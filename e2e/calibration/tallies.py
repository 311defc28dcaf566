"""The share rule for many runs at once: the judge's tallies over arrays."""

from math import lgamma, log

import numpy as np
import numpy.typing as npt

from evenly.judge import ShareRule
from evenly.judge.share_rule import edges

Counts = npt.NDArray[np.int64]  # the last axis holds the pods, the one before it mostly the runs
Shares = npt.NDArray[np.float64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


def ln_mean(*ln_evidence: Floats) -> Floats:
    """Return ln of the mean of several kinds of evidence, of each run."""
    return np.asarray(np.logaddexp.reduce(ln_evidence)) - log(len(ln_evidence))


class Tallies:
    """What ``ShareRule.look`` says of the counts of many runs, up to ``longest`` connections each.

    The judge itself looks at one run in Python; a unit test holds both together. ``edge_pods`` and ``edge_shares`` name each
    edge's pod and the share from which on its deviation must be caught.
    """

    def __init__(self, rule: ShareRule, longest: int) -> None:
        self.rule = rule
        self.longest = longest
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
        return even, ln_mean(ln_edges, ln_any)
