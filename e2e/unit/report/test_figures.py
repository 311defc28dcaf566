"""The figures per pod agree with counting by hand and with scipy."""

import random
from dataclasses import replace

import pytest
from scipy import stats

from evenly.judge import interval
from evenly.report.figures import Figures, Latency, chi_square_tail, figures
from evenly.results.samples import SAMPLES, Samples, SamplesFile
from unit.factories import RunOf, Simulation, pod_record, simulate


@pytest.mark.parametrize("degrees", [1, 2, 3, 4, 9, 49, 99])
@pytest.mark.parametrize("x", [0.01, 1.0, 5.0, 60.0, 200.0])
def test_the_tail_of_chi_square_is_scipys(x: float, degrees: int) -> None:
    assert chi_square_tail(x, degrees) == pytest.approx(stats.chi2.sf(x, degrees), rel=1e-9)


def test_a_percentile_is_the_smallest_that_so_many_do_not_exceed() -> None:
    draw = random.Random(7)  # noqa: S311 - a simulation
    for size in (1, 2, 3, 10, 99, 100, 101, 1000):
        us = tuple(sorted(draw.randrange(50, 5000) for _ in range(size)))
        for p in (50, 95, 99):
            wanted = next(v for v in us if sum(u <= v for u in us) * 100 >= p * size)
            assert Latency(us).percentile(p) == wanted


def test_no_latency_has_no_percentile() -> None:
    assert Latency(()).percentile(50) is None


def test_shares_intervals_and_comparisons_come_from_the_counts(run_of: RunOf) -> None:
    made = simulate(weights=[5, 3, 2])
    these = _figures(run_of, made)
    counts = [sum(row["uid"] == f"uid-{i}" for row in made.rows) for i in range(3)]
    chi_square = stats.chisquare(counts)
    assert [pod.answered for pod in these.pods] == counts
    assert [pod.share for pod in these.pods] == [n / sum(counts) for n in counts]
    assert [(pod.low, pod.high) for pod in these.pods] == [interval(n, sum(counts), 3) for n in counts]
    assert these.chi_square_p == pytest.approx(chi_square.pvalue)
    assert these.g_p == pytest.approx(stats.power_divergence(counts, lambda_="log-likelihood").pvalue)
    assert these.cohen_w == pytest.approx((chi_square.statistic / sum(counts)) ** 0.5)
    assert these.furthest.pod.uid == "uid-0"


def test_a_pod_that_nobody_recorded_is_shown_as_unexpected(run_of: RunOf) -> None:
    made = simulate()
    samples = SamplesFile(run_of(made) / SAMPLES).read()[made.record.name]
    samples.add([made.record.name, "9999", "0", "1", "1", "liar", "uid-liar", "n", "1", "1", "c", "", ""])
    liar = figures(made.record, samples).of("uid-liar")
    assert liar is not None
    assert (liar.pod.name, liar.pod.expected, liar.declared) == ("liar", False, 0.0)


def test_intervals_rest_on_connections_where_these_carried_many_requests(run_of: RunOf) -> None:
    made = simulate(per_connection=300, attempts=6000)
    these = _figures(run_of, made)
    first = next(pod for pod in these.pods if pod.pod.uid == "uid-0")
    connections = len({row["connection"] for row in made.rows if row["uid"] == "uid-0"})
    assert (first.low, first.high) == interval(connections, 20, 3)


def test_a_load_that_sent_nothing_has_figures_too() -> None:
    these = figures(simulate().record, Samples())
    assert [(pod.share, pod.low, pod.high) for pod in these.pods] == [(0.0, 0.0, 1.0)] * 3
    assert not these.comparable


def test_pods_are_called_by_the_end_of_their_names_only_where_that_is_random(run_of: RunOf) -> None:
    assert [p.short for p in _figures(run_of, simulate()).pods] == ["k7m2p", "q8zcd", "w4n9x"]
    ordinals = [replace(pod_record(i), name=f"web-{i}") for i in range(3)]
    assert [p.short for p in _figures(run_of, simulate(pods=ordinals)).pods] == ["web-0", "web-1", "web-2"]


def _figures(run_of: RunOf, made: Simulation) -> Figures:
    return figures(made.record, SamplesFile(run_of(made) / SAMPLES).read()[made.record.name])
