"""How often the whole rule is wrong: rates of one in a million, by importance sampling.

A plain simulation would see one false FAIL in millions of runs. Runs are drawn from another distribution instead, under which
the wrong verdict is the usual one, and each counts with its likelihood ratio, which the rule's own evidence is.
"""

from dataclasses import dataclass
from math import sqrt

import numpy as np

from calibration.runs import by_chance, run, tallies_for
from calibration.tallies import Floats, Tallies
from calibration.uneven import uneven
from evenly.judge import deviation_to_catch

_Z = 1.96  # of a 95 % interval
_RARE = 99  # percent of the runs take at most so many connections


@dataclass(frozen=True, slots=True)
class Estimate:
    """A rate with its 95 % interval (normal approximation)."""

    rate: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Rates:
    """What was measured for a number of pods that share evenly; ``delta`` is a share, ``_connections`` are per run."""

    pods: int
    delta: float
    cap: int
    false_fail: Estimate
    false_pass_less: Estimate
    false_pass_more: Estimate
    fair_pass: float
    fair_mean_connections: float
    fair_p99_connections: float


@dataclass(frozen=True, slots=True)
class Part:
    """Weights and ends of some of the runs, one row a run."""

    false_fail: Floats
    false_pass: Floats  # columns: the pod gets too little, too much
    passed: Floats
    connections: Floats


def part(pods: int, runs: int, random: np.random.Generator) -> Part:
    """Simulate so many runs under the law, and as many under what the evidence against it mixes."""
    tallies = tallies_for((1 / pods,) * pods)
    fair = run(tallies, by_chance(tallies.shares, runs, random))
    return Part(
        false_fail=false_fails(tallies, runs, random),
        # Under the law instead of at an edge: the weight is 1 / LR of that edge, at most beta where the run has passed.
        false_pass=_of_both_sides(tallies, np.where(fair.passed[:, None], np.exp(-tallies.ln_ratios(fair.counts)), 0.0)),
        passed=fair.passed.astype(float),
        connections=fair.connections.astype(float),
    )


def false_fails(tallies: Tallies, runs: int, random: np.random.Generator) -> Floats:
    """Return one weight a run, whose mean is the chance that a Service that follows the law is failed."""
    ended = run(tallies, uneven(tallies, runs, random))
    return np.where(ended.failed, np.exp(-ended.ln_uneven), 0.0)


def rates(pods: int, parts: list[Part]) -> Rates:
    """Put the parts of a simulation together."""
    tallies = tallies_for((1 / pods,) * pods)
    connections = np.concatenate([p.connections for p in parts])
    less, more = np.concatenate([p.false_pass for p in parts]).T
    return Rates(
        pods=pods,
        delta=deviation_to_catch(1 / pods, tallies.rule.delta),
        cap=tallies.longest,
        false_fail=estimate(np.concatenate([p.false_fail for p in parts])),
        false_pass_less=estimate(less),
        false_pass_more=estimate(more),
        fair_pass=float(np.concatenate([p.passed for p in parts]).mean()),
        fair_mean_connections=float(connections.mean()),
        fair_p99_connections=float(np.percentile(connections, _RARE, method="inverted_cdf")),
    )


def estimate(weights: Floats) -> Estimate:
    """Return the mean of independent weights with its interval."""
    rate = float(weights.mean())
    margin = _Z * float(weights.std(ddof=1)) / sqrt(weights.size)
    return Estimate(rate, max(rate - margin, 0.0), rate + margin)


def _of_both_sides(tallies: Tallies, weights: Floats) -> Floats:
    below = tallies.edge_shares < tallies.shares[tallies.edge_pods]
    return np.stack([weights[:, below].mean(axis=1), weights[:, ~below].mean(axis=1)], axis=1)
