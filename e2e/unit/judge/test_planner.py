"""The simulation against exact enumeration, against numpy's own of the rule written anew, and against documented figures."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from math import lgamma, log, sqrt
from random import Random

import numpy as np
import pytest
from scipy.stats import binom, multinomial, sem

from evenly.judge import Law, ShareRule, Word, cap, fixed_plan, planner, uniform
from evenly.judge.planner import DataPlane, Draw, Simulated, biased, forecast, simulate

pytestmark = pytest.mark.slow  # simulated runs

SEED = 20261124
ROUGH = ShareRule(uniform("ab"), delta=0.2)  # short enough to follow every count
LAST, STEP = 800, 40
RUNS = 600


@cache
def replayed(pods: int, off: float, runs: int) -> tuple[float, float]:
    """The pass rate and the mean connections of the rule for even pods at the default rates, one of them off by so much."""
    share, last, deviation = 1 / pods, cap(ShareRule(uniform(map(str, range(pods))))), min(0.05, 1 / pods / 2)
    chances = np.array([share + off, *[(1 - share - off) / (pods - 1)] * (pods - 1)])
    ln_factorial = np.array([lgamma(n + 1) for n in range(last + 1)])
    random = np.random.default_rng(SEED + pods)
    going, passed, sent, total = np.zeros((runs, pods), dtype=np.int64), 0, 0, 0
    while len(going) and total < last:
        size = min(100, last - total)
        total += size
        sent += size * len(going)
        going = going + random.multinomial(size, chances, size=len(going))
        edges = [share - deviation, share + deviation]
        ratios = np.hstack([going * log(share / b) + (total - going) * log((1 - share) / (1 - b)) for b in edges])
        smallest = ratios.min(axis=1)
        mixture = lgamma(pods) - lgamma(total + pods) + ln_factorial[going].sum(axis=1) - total * log(share)
        uneven = np.logaddexp(np.logaddexp.reduce(-ratios, axis=1) - log(2 * pods), mixture) - log(2)
        failed = uneven >= log(1e6)
        passes = ~failed & (smallest >= log(1e3))
        passed += int(passes.sum())
        going = going[~failed & ~passes]
    return passed / runs, sent / runs


@dataclass(frozen=True)
class Followed:
    """How a run of two pods ends, exactly: its chance to pass, and its connections: the mean, and those of 99 in 100."""

    passes: float
    mean: float
    p99: int


def followed(true_share: float) -> Followed:
    """Follow every count of the rough rule's runs, one of the pods having this true share."""
    going, ended, passes = np.ones(1), {}, 0.0
    for total in range(STEP, LAST + 1, STEP):
        going = np.convolve(going, binom.pmf(np.arange(STEP + 1), STEP, true_share))
        words = [ROUGH.look({"a": n, "b": total - n}).decides for n in range(total + 1)]
        passes += sum(weight for weight, word in zip(going, words, strict=True) if word is Word.PASS)
        ended[total] = sum(weight for weight, word in zip(going, words, strict=True) if word or total == LAST)
        going = np.array([0.0 if word else weight for weight, word in zip(going, words, strict=True)])
    within = np.cumsum(list(ended.values()))
    return Followed(passes, sum(total * chance for total, chance in ended.items()), list(ended)[np.argmax(within >= 0.99)])


def rough_runs(true_share: float) -> Simulated:
    return simulate(ROUGH, plane({"a": true_share, "b": 1 - true_share}), LAST, look_every=STEP, runs=RUNS)


def draw(seed: int = SEED) -> Draw:
    return Random(seed).random  # noqa: S311 - a simulation, not a secret


def plane(shares: Mapping[str, float]) -> DataPlane:
    return DataPlane(shares, draw())


@pytest.mark.parametrize("shares", [(0.5, 0.3, 0.2), (0.25,) * 4, (0.02, 0.98)])
def test_a_simulated_data_plane_draws_from_the_multinomial_distribution(shares: tuple[float, ...]) -> None:
    drawn, blocks = plane(dict(zip("abcd", shares, strict=False))), 4000
    counts = []
    for _ in range(blocks):
        block = dict.fromkeys("abcd"[: len(shares)], 0)
        drawn.add(130, block)
        counts.append(list(block.values()))
    expected = multinomial(130, shares)
    seen = np.array(counts)
    assert set(seen.sum(axis=1)) == {130}
    error = np.sqrt(np.diag(expected.cov()) / blocks)
    assert np.all(np.abs(seen.mean(axis=0) - expected.mean()) < 4 * error)
    assert np.cov(seen.T, bias=True) == pytest.approx(expected.cov(), abs=4 * expected.cov().max() * sqrt(2 / blocks))


@pytest.mark.parametrize("true_share", [0.5, 0.6, 0.65, 0.7])
def test_simulated_runs_of_two_pods_end_as_exact_enumeration_says(true_share: float) -> None:
    exact, found = followed(true_share), rough_runs(true_share)
    assert found.pass_rate.value == pytest.approx(exact.passes, abs=4 * sqrt(exact.passes * (1 - exact.passes) / RUNS) + 1e-3)
    assert found.mean.value == pytest.approx(exact.mean, abs=4 * found.mean.error)
    assert found.p99.value == pytest.approx(exact.p99, abs=4 * found.p99.error)


def test_runs_against_another_true_share_would_be_told_apart() -> None:
    exact, found = followed(0.65), rough_runs(0.62)
    assert abs(found.pass_rate.value - exact.passes) > 4 * found.pass_rate.error
    assert abs(found.mean.value - exact.mean) > 4 * found.mean.error


def test_three_even_pods_take_as_many_connections_as_documented() -> None:
    found = simulate(ShareRule(uniform("abc")), plane(uniform("abc").shares), 12_228, look_every=100, runs=400)
    assert found.passed == 400
    assert found.mean.value == pytest.approx(2329, abs=4 * found.mean.error)
    assert found.p99.value == pytest.approx(4800, abs=4 * found.p99.error)


@pytest.mark.parametrize("off", [-0.03, 0.02])
def test_three_pods_pass_a_bias_as_often_as_the_rule_written_anew_does(off: float) -> None:
    passes, connections = replayed(3, off, 3000)
    rule = ShareRule(uniform("abc"))
    found = simulate(rule, plane(biased(rule.law.shares, "b", off)), cap(rule), look_every=100, runs=150)
    assert found.pass_rate.value == pytest.approx(passes, abs=4 * found.pass_rate.error)
    assert found.mean.value == pytest.approx(connections, abs=4 * found.mean.error)


def test_the_estimates_of_runs_are_their_mean_their_ninety_ninth_of_a_hundred_and_their_passes() -> None:
    runs = Simulated(tuple(range(100, 100_001, 100)), passed=700)
    assert runs.mean.value == 50_050
    assert runs.mean.error == pytest.approx(sem(runs.connections))
    assert runs.p99.value == 99_000
    assert runs.p99.error == 400  # three runs of a thousand are a standard error of the rank: sqrt(1000 * 0.99 * 0.01)
    assert runs.pass_rate.value == 0.7
    assert runs.pass_rate.error == pytest.approx(sqrt(0.7 * 0.3 / 1000), rel=0.01)


def test_a_rate_of_which_no_run_was_an_exception_is_not_told_as_certain() -> None:
    assert Simulated((100,) * 98, passed=98).pass_rate.error == pytest.approx(sqrt(0.99 * 0.01 / 100))


def test_a_bias_is_taken_from_the_others_in_proportion() -> None:
    assert biased({"a": 0.5, "b": 0.3, "c": 0.2}, "a", 0.05) == pytest.approx({"a": 0.55, "b": 0.27, "c": 0.18})


@pytest.fixture
def few_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    for limit, runs in (("EVEN_WORK", 0), ("BIASED_WORK", 0), ("FEWEST_EVEN", 4), ("FEWEST_BIASED", 2)):
        monkeypatch.setattr(planner, limit, runs)


@pytest.mark.usefixtures("few_runs")
def test_a_forecast_is_about_the_pod_that_takes_most_connections() -> None:
    rule = ShareRule(Law("weighted", {"a": 0.55, "off": 0.0, "b": 0.42, "c": 0.03}))
    found = forecast(rule, draw())
    assert found.pod == "c"
    assert found.fixed == fixed_plan(0.03, 3, alpha=1e-6, beta=1e-3, delta=0.05)
    assert found.cap == cap(rule) == 2 * found.fixed.connections
    assert [miss.bias for miss in found.misses] == pytest.approx([0.003, 0.006, 0.009, 0.012])
    assert [len(found.even.connections), len(found.misses[0].less.connections)] == [4, 2]


@pytest.mark.usefixtures("few_runs")
@pytest.mark.parametrize(("delta", "look_every"), [(0.05, 100), (0.02, 600)])
def test_a_simulated_run_is_looked_at_as_often_as_a_real_one_up_to_150_times(delta: float, look_every: int) -> None:
    assert forecast(ShareRule(uniform("abc"), delta=delta), draw()).look_every == look_every


@pytest.mark.usefixtures("few_runs")
def test_the_same_draws_give_the_same_forecast_and_others_another() -> None:
    first, again, other = (forecast(ROUGH, draw(seed)) for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_the_runs_of_a_bias_are_against_one_pod_with_less_and_with_more_than_its_share(monkeypatch: pytest.MonkeyPatch) -> None:
    def seen(_: ShareRule, shares: Mapping[str, float], __: int, *, look_every: int, runs: int) -> Simulated:
        return Simulated((look_every,) * runs, passed=round(1000 * shares["b"]))

    monkeypatch.setattr(planner, "DataPlane", lambda shares, _: shares)
    monkeypatch.setattr(planner, "simulate", seen)
    found = forecast(ShareRule(Law("weighted", {"a": 0.3, "b": 0.7})), draw())
    taken_from_a = [(round(100 * miss.bias), miss.less.passed, miss.more.passed) for miss in found.misses]
    assert found.pod == "a"
    assert taken_from_a == [(off, 700 + 10 * off, 700 - 10 * off) for off in (1, 2, 3, 4)]
    assert found.even.passed == 700
