"""What the whole rule, and the rules of others on the same streams, say of a Service with a known bias."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from calibration.others import BLOCK, RULES, Rule, Stream, chi_square, gateway, istio_once, kubernetes, kubernetes_tries
from calibration.runs import block_sizes, by_blocks, counted, run, tallies_for
from calibration.tallies import Counts, Flags

THIRDS = (1 / 3, 1 / 3, 1 / 3)
BIASES_PP = tuple(range(13))  # percentage points that one of three pods gets less than its third


@dataclass(frozen=True, slots=True)
class Replay:
    """What every rule said of each run; others' flags say that they accept it."""

    passed: Flags
    failed: Flags
    connections: Counts
    others: Mapping[str, Flags]


@dataclass(frozen=True, slots=True)
class Point:
    """Rates over all runs with these true shares: of each of evenly's words, and of being accepted by others."""

    true_shares: Sequence[float]
    passed: float
    failed: float
    inconclusive: float
    mean_connections: float
    others: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Case:
    """A Service that another suite judges wrongly, in the terms of that suite."""

    name: str
    declared: tuple[float, ...]
    true_shares: tuple[float, ...]
    by: str
    rule: Rule


CASES = (
    Case("63/37, declared as 70/30", (0.7, 0.3), (0.63, 0.37), "Gateway API", gateway),
    Case("80/10/10 with a dead backend of 10 %", (0.8, 0.1, 0.1), (8 / 9, 1 / 9, 0.0), "Istio, a single try", istio_once),
    Case("80/10/10, declared as even", THIRDS, (0.8, 0.1, 0.1), "Kubernetes e2e", kubernetes),
    Case("even", THIRDS, THIRDS, "chi-square, kept alive", chi_square),
)


def shares_at(bias_pp: float) -> tuple[float, ...]:
    """Return the true shares of three pods of which the first gets so much less than a third, the others half of it more."""
    off = bias_pp / 100
    return (1 / 3 - off, 1 / 3 + off / 2, 1 / 3 + off / 2)


def replay(
    declared: tuple[float, ...],
    true_shares: tuple[float, ...],
    others: Mapping[str, Rule],
    runs: int,
    random: np.random.Generator,
) -> Replay:
    """Draw so many streams and let every rule judge them."""
    tallies = tallies_for(declared)
    blocks = [random.multinomial(size, true_shares, runs) for size in block_sizes(tallies.longest)]
    streams = by_blocks(lambda going, number, _: blocks[number][going], runs, random)
    ended = run(tallies, streams)
    first = counted(streams.prelude[:, : kubernetes_tries(len(declared))], len(declared))
    stream = Stream(first, np.stack(blocks[: tallies.longest // BLOCK]))
    accepted = {name: by(stream, tallies.shares) for name, by in others.items()}
    return Replay(ended.passed, ended.failed, ended.connections, accepted)


def replay_at(bias_pp: float, runs: int, random: np.random.Generator) -> Replay:
    """Let all rules judge three pods, declared as even, with this bias."""
    return replay(THIRDS, shares_at(bias_pp), RULES, runs, random)


def replay_case(number: int, runs: int, random: np.random.Generator) -> Replay:
    """Let evenly and the suite that a case is about judge it."""
    case = CASES[number]
    return replay(case.declared, case.true_shares, {case.by: case.rule}, runs, random)


def point(true_shares: Sequence[float], replays: Sequence[Replay]) -> Point:
    """Put the parts of a simulation together."""
    passed = float(np.concatenate([r.passed for r in replays]).mean())
    failed = float(np.concatenate([r.failed for r in replays]).mean())
    return Point(
        true_shares=true_shares,
        passed=passed,
        failed=failed,
        inconclusive=max(1 - passed - failed, 0.0),
        mean_connections=float(np.concatenate([r.connections for r in replays]).mean()),
        others={name: float(np.concatenate([r.others[name] for r in replays]).mean()) for name in replays[0].others},
    )
