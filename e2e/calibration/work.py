"""Simulations in parts, over all processors, with results that do not depend on how many there are."""

import signal
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from multiprocessing import get_context
from typing import TypeVar

import numpy as np

RUNS = 50_000  # for each line of a table
_PART = 2_500
SEED = 20_261_124

T = TypeVar("T")
Simulation = Callable[[int, np.random.Generator], T]  # how many runs, and where their chances come from


@contextmanager
def processes() -> Iterator[Executor]:
    """Start one process a processor; Ctrl-C is for this one alone, which then ends them."""
    # Not forked: the progress's threads would be forked in the middle of something.
    executor = ProcessPoolExecutor(
        mp_context=get_context("spawn"), initializer=partial(signal.signal, signal.SIGINT, signal.SIG_IGN)
    )
    try:
        yield executor
    finally:
        executor.shutdown(cancel_futures=True)


def in_parts(executor: Executor, simulation: Simulation[T], stream: int, runs: int = RUNS) -> list[T]:
    """Simulate so many runs; every part has a seed of its own, given by SEED, ``stream`` and its place."""
    seeds = np.random.SeedSequence((SEED, stream)).spawn(runs // _PART)
    return list(executor.map(partial(_part, simulation), seeds))


def _part(simulation: Simulation[T], seed: np.random.SeedSequence) -> T:
    return simulation(_PART, np.random.default_rng(seed))
