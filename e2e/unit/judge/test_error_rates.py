"""The promised error rates: exactly for two pods, by seeded simulation for three and for what other suites accept."""

from collections import Counter
from math import sqrt

import numpy as np
import pytest
from scipy.stats import binom

from evenly.judge import Law, ShareRule, Word, cap, pass_rates, uniform

pytestmark = pytest.mark.slow  # every count is followed


def exact_rates(rule: ShareRule, true_share: float, last: int) -> dict[Word | None, float]:
    """The probability of each decision for two pods, one of them with this true share, by following every count."""
    going: dict[int, float] = {0: 1.0}
    rates: dict[Word | None, float] = dict.fromkeys((Word.PASS, Word.FAIL, None), 0.0)
    step = binom.pmf(np.arange(101), 100, true_share)
    for total in range(100, last + 1, 100):
        lowest = min(going)
        weights = np.zeros(max(going) - lowest + 1)
        for n, weight in going.items():
            weights[n - lowest] = weight
        going = {}
        for n, weight in enumerate(np.convolve(weights, step), start=lowest):
            if weight > 1e-18:
                word = rule.look({"a": n, "b": total - n}).decides
                if word:
                    rates[word] += weight
                else:
                    going[n] = weight
    rates[None] = sum(going.values())
    return rates


def simulate(rule: ShareRule, true_shares: tuple[float, ...], runs: int, seed: int) -> list[tuple[Word | None, int]]:
    """How each run ends and after how many connections, looking every 100 of them up to the cap."""
    random = np.random.default_rng(seed)
    last = cap(rule)

    def one() -> tuple[Word | None, int]:
        got = np.zeros(len(true_shares), dtype=int)
        for total in range(100, last + 1, 100):
            got += random.multinomial(100, true_shares)
            word = rule.look(dict(zip(rule.law.shares, got.tolist(), strict=True))).decides
            if word:
                return word, total
        return None, last

    return [one() for _ in range(runs)]


def test_two_fair_pods_are_failed_less_than_once_in_a_million_runs() -> None:
    rates = exact_rates(ShareRule(uniform("ab")), 0.5, 8000)
    assert rates[Word.PASS] == pytest.approx(1, abs=1e-4)
    # 3.4e-7 is the documented figure, found by importance sampling.
    assert 2.5e-7 < rates[Word.FAIL] < 4.5e-7


@pytest.mark.parametrize("true_share", [0.55, 0.45])
def test_two_pods_at_the_edge_are_passed_less_than_once_in_a_thousand_runs(true_share: float) -> None:
    rates = exact_rates(ShareRule(uniform("ab")), true_share, 8000)
    assert 3e-4 < rates[Word.PASS] < 1e-3
    assert rates[Word.FAIL] > 0.99


def test_three_fair_pods_pass_after_2329_connections_in_the_mean() -> None:
    runs = simulate(ShareRule(uniform("abc")), (1 / 3,) * 3, runs=1000, seed=20261124)
    connections = np.array([total for _, total in runs])
    assert {word for word, _ in runs} == {Word.PASS}
    assert connections.mean() == pytest.approx(2329, abs=4 * connections.std() / sqrt(1000))


def test_five_points_too_many_are_failed_after_3097_connections_in_the_mean() -> None:
    runs = simulate(ShareRule(uniform("abc")), (1 / 3 + 0.05, 1 / 3 - 0.025, 1 / 3 - 0.025), runs=300, seed=20261124)
    connections = np.array([total for _, total in runs])
    assert Counter(word for word, _ in runs)[Word.FAIL] >= 299
    assert connections.mean() == pytest.approx(3097, abs=4 * connections.std() / sqrt(300))


@pytest.mark.parametrize(
    ("declared", "true_shares"),
    [
        pytest.param((0.7, 0.3), (0.63, 0.37), id="7 points off, within the usual tolerance of 70/30"),
        pytest.param((0.5, 0.4, 0.1), (5 / 9, 4 / 9, 0.0), id="a dead backend of 10 %"),
        pytest.param((1 / 3, 1 / 3, 1 / 3), (0.8, 0.1, 0.1), id="80/10/10, where every pod was seen"),
        pytest.param((0.95, 0.05), (1.0, 0.0), id="a dead canary of 5 %"),
        pytest.param((0.98, 0.02), (1.0, 0.0), id="a dead canary of 2 %, whose other edge is beyond the whole"),
    ],
)
def test_what_other_suites_accept_is_failed(declared: tuple[float, ...], true_shares: tuple[float, ...]) -> None:
    rule = ShareRule(Law("weighted", dict(zip("abc", declared, strict=False))))
    runs = simulate(rule, true_shares, runs=60, seed=7)
    assert Counter(word for word, _ in runs) == {Word.FAIL: 60}


@pytest.mark.parametrize("declared", [(0.7, 0.3), (0.5, 0.4, 0.1), (0.95, 0.05)])
def test_declared_shares_that_are_kept_pass(declared: tuple[float, ...]) -> None:
    rule = ShareRule(Law("weighted", dict(zip("abc", declared, strict=False))))
    runs = simulate(rule, declared, runs=60, seed=7)
    assert Counter(word for word, _ in runs) == {Word.PASS: 60}


def test_a_bias_of_two_points_passes_as_often_as_told() -> None:
    rule = ShareRule(uniform("abc"))
    told = pass_rates(rule)[0.02]
    runs = simulate(rule, (1 / 3 - 0.02, 1 / 3 + 0.01, 1 / 3 + 0.01), runs=600, seed=20261124)
    assert Counter(word for word, _ in runs)[Word.PASS] / 600 == pytest.approx(told, abs=4 * sqrt(told * (1 - told) / 600))
