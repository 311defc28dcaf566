"""Pictures place things where the figures say."""

import math
import re
from dataclasses import replace

import pytest

from evenly.judge import Cause, Verdict
from evenly.report.charts.axis import Scale, Tick, linear_steps, logarithmic_steps, thinned
from evenly.report.charts.deviations import deviations
from evenly.report.charts.evidence import EvidencePicture, evidence_picture
from evenly.report.charts.latency import latency_pictures
from evenly.report.charts.shares import share_picture
from evenly.report.figures import Figures
from evenly.report.text.markup import plain
from evenly.results.schema import EndpointsReading, LookRecord, ScenarioRecord
from unit.factories import STRAY, pod_record, simulate


def test_a_scale_places_its_ends_and_its_middle() -> None:
    assert [Scale(0.2, 0.4, margin=10).at(v) for v in (0.2, 0.3, 0.4)] == [10.0, 50.0, 90.0]
    assert [Scale(1, 100, logarithmic=True).at(v) for v in (1, 10, 100, 1000)] == [0.0, 50.0, 100.0, 150.0]
    assert Scale(0.0, 1.0).width(0.25, 0.5) == 25.0


@pytest.mark.parametrize(
    ("low", "high", "most", "steps"),
    [
        (0.203, 0.463, 6, [0.25, 0.3, 0.35, 0.4, 0.45]),
        (0, 0.6, 6, [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6]),
        (0, 1, 6, [0, 0.2, 0.4, 0.6, 0.8, 1.0]),
        (0, 2300, 5, [0, 500, 1000, 1500, 2000]),
    ],
)
def test_ticks_are_round_numbers(low: float, high: float, most: int, steps: list[float]) -> None:
    assert linear_steps(low, high, most) == pytest.approx(steps)


@pytest.mark.parametrize(
    ("low", "high", "steps"),
    [(63, 340, [50, 100, 200, 500]), (100, 100, [100, 200]), (1, 1, [1, 2]), (90, 1100, [50, 100, 200, 500, 1000, 2000])],
)
def test_logarithmic_ticks_enclose_the_data(low: float, high: float, steps: list[float]) -> None:
    assert logarithmic_steps(low, high) == steps


def test_ticks_that_would_touch_are_left_out() -> None:
    ticks = [Tick(float(x), str(x)) for x in (0, 4, 9, 12, 20)]
    assert [tick.label for tick in thinned(ticks, apart=9)] == ["0", "9", "20"]


def test_a_close_up_is_drawn_when_every_line_fits() -> None:
    made = simulate()
    picture = share_picture(made.record, made.figures)
    assert picture.cut == ("20.3", "46.3")
    assert picture.expected == (50.0, "expected 33.3 % ± 5")
    band = picture.rows[0].grey
    assert band is not None
    # 28.3 to 38.3 % on an axis of 26 points within 94 % of the width
    assert band == pytest.approx((3 + 94 * 8 / 26, 94 * 10 / 26), abs=0.1)
    assert picture.rows[0].even == pytest.approx((3 + 94 * 10.5 / 26, 94 * 5 / 26), abs=0.1)
    assert all(row.low < row.at < row.high for row in picture.rows)
    assert {row.shape for row in picture.rows} == {"dot"}


def test_a_stray_pod_has_no_band_and_is_marked_guilty() -> None:
    made = simulate(stray=STRAY)
    rows = share_picture(made.record, made.figures).rows
    assert [row.guilty for row in rows] == [False, False, False, True]
    assert rows[3].grey is None
    assert [row.shape for row in rows] == ["dot", "dot", "dot", "diamond"]


def test_the_pod_furthest_off_is_guilty_and_all_that_are_surely_off_are_diamonds() -> None:
    made = simulate(weights=[1, 1, 0])
    picture = share_picture(made.record, made.figures)
    assert [row.guilty for row in picture.rows] == [False, False, True]
    assert [row.shape for row in picture.rows] == ["diamond"] * 3
    assert picture.cut == ("0", "60")


def test_what_is_not_judged_is_hollow() -> None:
    made = simulate(discrepancies=("odd",))
    assert {row.shape for row in share_picture(made.record, made.figures).rows} == {"hollow"}


def test_of_many_pods_the_ten_furthest_are_drawn_and_the_rest_counted() -> None:
    made = simulate(pods=[pod_record(i, 40) for i in range(40)], attempts=2000)
    these = made.figures
    picture = share_picture(made.record, these)
    by_distance = sorted(these.pods, key=lambda p: -abs(p.off))
    assert {row.figures.pod.uid for row in picture.rows} == {p.pod.uid for p in by_distance[:10]}
    assert picture.others == (30, f"{100 * abs(by_distance[10].off):.2g}")


def test_both_tallies_are_drawn_in_percent_of_what_decides() -> None:
    made = simulate()
    looks = (LookRecord(100, math.log(1000) / 2, -math.log(1e6) / 4), LookRecord(200, math.log(1000), 0.0))
    picture = _evidence(replace(made.record, looks=looks, verdict=Verdict(None, 200)), made.figures)
    # 170 percent lie between the frame's top, 108, and its bottom, -62.
    assert _points(picture.even) == [(0, 635), (500, 341), (1000, 47)]
    assert _points(picture.uneven) == [(0, 635), (500, 782), (1000, 635)]
    assert plain(picture.reading) == (
        "Decided at the look after 200 connections: even ratio 1,000, needed 1,000; uneven E 1.0, needed 1,000,000."
    )
    assert picture.readings[1] == (50.0, "100", "32", "0.03")
    assert picture.legend == ("even: decided at 200", "uneven")
    assert picture.used
    assert picture.event is None


def test_a_hard_rule_is_a_line_at_its_connection() -> None:
    made = simulate(stray=STRAY, seed=3)
    picture = _evidence(made.record, made.figures)
    first = next(row["number"] for row in made.rows if row["uid"] == STRAY.uid)
    assert picture.event == Tick(round(first / 10, 1), f"unexpected pod, connection {first}")
    assert picture.settled
    assert not picture.used


def test_a_change_of_pods_is_a_line_at_the_connection_that_started_then() -> None:
    ready = ("uid-0", "uid-1", "uid-2")
    made = simulate(gone_at=(1, 907), attempts=1300, readings=[EndpointsReading(0, ready), EndpointsReading(0.394, ready[::2])])
    picture = _evidence(made.record, made.figures)
    number = sum(int(row["start_us"]) < 394_000 for row in made.rows)
    assert picture.event == Tick(round(number / 13, 1), f"pods changed, connection {number}")
    assert not picture.settled


def test_no_tally_is_drawn_over_requests_that_shared_a_connection() -> None:
    made = simulate(per_connection=300, attempts=600)
    assert evidence_picture(made.record, made.figures) is None


def test_no_tally_is_drawn_without_a_look() -> None:
    made = simulate(attempts=60)
    assert evidence_picture(made.record, made.figures) is None


def test_a_long_run_is_drawn_with_few_points_that_keep_the_last() -> None:
    made = simulate()
    looks = tuple(LookRecord(100 * j, 0.0, 0.0) for j in range(1, 729))
    picture = _evidence(replace(made.record, looks=looks, verdict=Verdict(Cause.UNDECIDED, 72_800)), made.figures)
    assert len(picture.readings) <= 245
    assert picture.readings[-1][1] == "72,800"


@pytest.mark.parametrize(
    ("cause", "ln_even", "ln_uneven", "legend"),
    [
        (Cause.SHARES, -1.0, math.log(1e6), ("even: sinking", "uneven: decided at 200")),
        (Cause.SHARES, -5.0, math.log(1e6), ("even: ruled out", "uneven: decided at 200")),
        (None, math.log(1000), -math.log(1e6), ("even: decided at 200", "uneven: ruled out")),
        (Cause.UNDECIDED, 1.0, 1.0, ("even", "uneven")),
    ],
)
def test_the_legend_says_what_became_of_each_tally(
    cause: Cause | None, ln_even: float, ln_uneven: float, legend: tuple[str, str]
) -> None:
    made = simulate()
    looks = (LookRecord(200, ln_even, ln_uneven),)
    assert _evidence(replace(made.record, looks=looks, verdict=Verdict(cause, 200)), made.figures).legend == legend


def test_there_is_no_legend_where_no_line_is_drawn() -> None:
    made = simulate(stray=STRAY)
    assert _evidence(replace(made.record, looks=()), made.figures).legend == ()


def test_a_histogram_holds_every_latency_and_marks_its_percentiles() -> None:
    made = simulate()
    these = made.figures
    _, response = latency_pictures(these.pods)
    us = sorted(int(row["response_us"]) for row in made.rows if row["uid"] == "uid-0")
    row = response.rows[0]
    assert row.name == "k7m2p"
    assert row.words[0] == f"{us[math.ceil(len(us) / 2) - 1] / 1000:.2f}"
    assert list(row.marks) == sorted(row.marks)
    tops = [float(top) for top in re.findall(r"V([\d.]+)h", row.bars)]
    scale = 1000 - min(tops)
    assert scale == 1000
    low, high = 100, 10_000  # the ticks around this sample
    bins = [math.floor(60 * math.log(u / low) / math.log(high / low)) for u in us]
    wanted = [bins.count(b) for b in sorted(set(bins))]
    assert [1000 - top for top in tops] == pytest.approx([1000 * n / max(wanted) for n in wanted], abs=0.1)


def test_a_pod_that_never_answered_has_no_latency_but_a_row() -> None:
    made = simulate(weights=[1, 1, 0])
    connect, _ = latency_pictures(made.figures.pods)
    assert connect.rows[2].bars == ""
    assert connect.rows[2].words == ("\N{EN DASH}",) * 3


def test_deviations_beyond_the_scale_are_arrows() -> None:
    near, far = deviations(simulate().figures), deviations(simulate(weights=[0, 1, 0]).figures)
    assert (near.below, near.above, far.below, far.above) == (False, False, True, True)
    assert far.dots == ()
    assert far.furthest == "66.7"
    assert near.grey == pytest.approx((4 + 92 / 4, 92 / 2), abs=0.1)


def _evidence(record: ScenarioRecord, these: Figures) -> EvidencePicture:
    picture = evidence_picture(record, these)
    assert picture is not None
    return picture


def _points(path: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in (point.split() for point in path.removeprefix("M").split("L"))]
