"""The drift rule for many runs at once: the judge's windows over arrays."""

import numpy as np
from scipy.special import gammaln

from calibration.tallies import Counts, Flags, Floats, ln_mean
from evenly.judge import LOOK_EVERY, ShareRule
from evenly.judge.drift import LENGTHS, prior


class Windows:
    """What ``Drift`` says of many runs that take their blocks, up to 100 connections each, at the same time."""

    def __init__(self, rule: ShareRule, runs: int) -> None:
        weights, shares = np.array(prior(rule.law, rule.delta))[:, None], np.array(list(rule.law.answering.values()))[:, None]
        hits = np.arange(LENGTHS[-1] * LOOK_EVERY + 1)
        self._ln_hits = (gammaln(weights + hits) - gammaln(weights) - hits * np.log(shares)).ravel()
        self._row = np.arange(shares.size) * hits.size
        self._ln_connections = gammaln(weights.sum() + hits) - gammaln(weights.sum())
        self._blocks = 0
        self._before = [np.zeros((runs, shares.size), np.int64)] * len(LENGTHS)
        self._ln_before = [np.zeros(runs)] * len(LENGTHS)

    def count(self, counts: Counts) -> Floats:
        """Take the next block, by the counts from the beginning on; return ln of the evidence so far, of each run."""
        self._blocks += 1
        ln_windows: dict[int, Floats] = {}
        ln_evidence = []
        for number, length in enumerate(LENGTHS):
            # Windows that began at the same block are one.
            began = (self._blocks - 1) // length
            if began * length not in ln_windows:
                ln_windows[began * length] = self._ln_window(counts - self._before[number])
            ln_evidence.append(self._ln_before[number] + ln_windows[began * length])
            if self._blocks % length == 0:
                self._before[number], self._ln_before[number] = counts, ln_evidence[-1]
        return ln_mean(*ln_evidence)

    def keep(self, going: Flags) -> None:
        """Drop the other runs."""
        self._before = [counts[going] for counts in self._before]
        self._ln_before = [ln_before[going] for ln_before in self._ln_before]

    def _ln_window(self, hits: Counts) -> Floats:
        return np.asarray(self._ln_hits[hits + self._row].sum(axis=1) - self._ln_connections[hits.sum(axis=1)])
