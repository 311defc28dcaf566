"""Ctrl-C at random moments, over and over: nothing is left, each time."""

import random
import signal

import pytest

from soak.conftest import Start

WHOLE_RUN_S = 45.0
INTERRUPTED = 130
SEED = 20_261_124  # the same moments each time, as far as a machine can


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "after_s" in metafunc.fixturenames:
        chance = random.Random(SEED)  # noqa: S311 - not for secrets
        runs = metafunc.config.getoption("runs")
        metafunc.parametrize("after_s", [round(chance.uniform(0.5, WHOLE_RUN_S), 1) for _ in range(runs)])


def test_ctrl_c_at_a_random_moment_leaves_nothing(start: Start, after_s: float) -> None:
    run = start()
    if run.ended_within(after_s):  # a fast machine: it came too late
        assert run.end().code == 0
    else:
        run.send(signal.SIGINT)
        assert run.end().code == INTERRUPTED, run.text  # also where it had not got further than to start Python
