"""The rates told for biases in the grey zone, against a simulation of the whole rule."""

from math import sqrt

import numpy as np
import pytest

from calibration.runs import by_chance, run, tallies_for
from evenly.judge import ShareRule, pass_rates, uniform

pytestmark = pytest.mark.slow  # simulated runs

RUNS = 1000


def passed(pods: int, off: float) -> float:
    """How often even pods pass of which one is off by so much: by the shares, the order and drift together."""
    share, random = 1 / pods, np.random.default_rng(20261124 + pods)
    true_shares = np.array([share + off, *[(1 - share - off) / (pods - 1)] * (pods - 1)])
    return float(run(tallies_for((share,) * pods), by_chance(true_shares, RUNS, random)).passed.mean())


def told(pods: int, bias: float) -> float:
    return pass_rates(ShareRule(uniform(map(str, range(pods)))))[bias]


def error(rate: float) -> float:
    return sqrt(rate * (1 - rate) / RUNS)


@pytest.mark.parametrize("pods", [2, 3, 5])
@pytest.mark.parametrize("bias", [0.01, 0.02, 0.03, 0.04])
def test_a_bias_passes_as_often_as_told_in_the_direction_in_which_it_passes_more(pods: int, bias: float) -> None:
    larger = max(passed(pods, off) for off in (-bias, bias))
    assert larger == pytest.approx(told(pods, bias), abs=4 * error(told(pods, bias)))


def test_the_rate_told_for_another_number_of_pods_would_be_found_out() -> None:
    assert abs(passed(5, -0.02) - told(2, 0.02)) > 4 * error(told(2, 0.02))
