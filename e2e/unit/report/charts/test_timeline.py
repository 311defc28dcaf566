"""The picture of a load over changes places answers, endpoints, errors and changes where the records say."""

import re
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenly.judge import Word
from evenly.report import render
from evenly.report.charts.axis import Tick
from evenly.report.charts.timeline import Stretch, TimelinePicture, timeline_picture
from evenly.results.samples import SAMPLES, Samples, SamplesFile
from evenly.results.schema import EndpointsReading, EpochRecord, ScenarioRecord
from unit.factories import RunOf, Simulation, pod_record, simulate

UIDS = ("uid-0", "uid-1", "uid-2")
BEGUN = EpochRecord("", 0.0, 0.0, 2.0, 4.0, 1, 1200, UIDS[:2], {}, {}, Word.PASS)
GROWN = EpochRecord("scale to 3", 4.0, 6.0, 9.0, 10.0, 1800, 3000, UIDS, {}, {"refused": 7}, Word.PASS, judged=True)
READINGS = (EndpointsReading(-2.0, UIDS[:2]), EndpointsReading(5.0, UIDS))
S = 1_000_000


@pytest.fixture(scope="module")
def changed() -> Simulation:
    """Ten seconds at 300 a second: a lane is as high as 225 a second."""
    made = simulate(attempts=300)
    load = replace(made.record.load, seconds=10.0, attempts=3000, rate_per_s=300.0)
    return replace(made, record=replace(made.record, load=load, epochs=(BEGUN, GROWN), endpoints=READINGS))


def picture(record: ScenarioRecord, **moments_us: Sequence[int]) -> TimelinePicture:
    by_uid = {name.replace("_", "-").removeprefix("errors"): list(us) for name, us in moments_us.items()}
    drawn = timeline_picture(record, Samples(moments_us=by_uid))
    assert drawn is not None
    return drawn


def numbers(path: str) -> list[float]:
    return [float(number) for number in re.findall(r"[\d.]+", path)]


def test_nothing_is_drawn_where_pods_stayed(changed: Simulation) -> None:
    assert timeline_picture(replace(changed.record, epochs=()), Samples()) is None


def test_an_area_is_as_high_as_the_answers_a_second_and_cut_off_above(changed: Simulation) -> None:
    steady = [i * S // 150 for i in range(300)]  # 150 a second for 2 s
    lane = picture(changed.record, uid_0=[*steady, *[5 * S] * 900]).lanes[0]
    assert lane.count == "1,200"
    assert lane.area.startswith("M0.0 1000V333.3H10.0V333.3H20.0")
    assert lane.area.endswith("V333.3H200.0V1000M500.0 1000V0.0H510.0V1000")


def test_a_pod_that_never_answered_has_an_empty_lane(changed: Simulation) -> None:
    assert picture(changed.record).lanes[0].area == ""


def test_one_error_is_seen_and_many_are_drawn_as_many(changed: Simulation) -> None:
    errors = picture(changed.record, errors=[1 * S, *[3 * S] * 20]).errors
    assert numbers(errors.area) == pytest.approx(
        [100, 1000, 920, 110, 1000, 300, 1000, 1000 - 1000 * 200 / 225, 310, 1000], abs=0.1
    )
    assert errors.count == "21"


def test_a_lane_tells_when_its_pod_was_an_endpoint(changed: Simulation) -> None:
    left = replace(changed.record, endpoints=(*READINGS, EndpointsReading(8.0, UIDS[1:])))
    first, second, third = picture(left).lanes
    assert [lane.when for lane in (first, second, third)] == ["until 8.00 s", "all the time", "from 5.00 s"]
    assert (first.ready, first.absent) == ((Stretch(0.0, 80.0),), (Stretch(80.0, 20.0),))
    assert (third.ready, third.absent) == ((Stretch(50.0, 50.0),), (Stretch(0.0, 50.0),))


def test_a_pod_that_came_back_has_two_stretches_and_one_that_was_never_there_none(changed: Simulation) -> None:
    flap = (EndpointsReading(0.0, UIDS[:1]), EndpointsReading(3.0, ()), EndpointsReading(4.0, UIDS[:1]))
    first, never, _ = picture(replace(changed.record, endpoints=flap)).lanes
    assert first.when == "until 3.00 s and from 4.00 s"
    assert (never.when, never.ready, never.absent) == ("never", (), (Stretch(0.0, 100.0),))


@given(readings=st.lists(st.tuples(st.integers(-50, 150), st.sets(st.sampled_from(UIDS))), max_size=8))
def test_a_pod_is_at_any_time_an_endpoint_or_absent(changed: Simulation, readings: list[tuple[int, set[str]]]) -> None:
    in_order = sorted(readings, key=lambda reading: reading[0])
    seen = tuple(EndpointsReading(tenths / 10, tuple(sorted(uids))) for tenths, uids in in_order)
    for lane in picture(replace(changed.record, endpoints=seen)).lanes:
        whole = sorted((*lane.ready, *lane.absent), key=lambda stretch: stretch.at)
        assert sum(stretch.width for stretch in whole) == pytest.approx(100, abs=1)
        assert [stretch.at for stretch in whole[1:]] == pytest.approx(
            [stretch.at + stretch.width for stretch in whole[:-1]], abs=0.2
        )


def test_the_fair_share_is_a_line_once_it_is_due(changed: Simulation) -> None:
    first, _, third = picture(changed.record).lanes
    assert third.fair == (Stretch(60.0, 40.0, 55.6),)  # 100 of 225, from the top
    assert [stretch.height for stretch in first.fair] == pytest.approx([100 - 100 * 150 / 225, 100 - 100 * 100 / 225], abs=0.1)


def test_a_change_stands_at_its_time_with_what_it_took_and_cost(changed: Simulation) -> None:
    drawn = picture(changed.record)
    (event,) = drawn.events
    assert (event.at, event.width, event.words) == (40.0, 20.0, "fair after 2.00 s")
    assert event.told == "4.00 s: scale to 3, fair after 2.00 s, 7 lost"
    assert drawn.told == "3 pods over 10 s, with 1 change; 0 attempts without an answer"
    assert drawn.ticks == (*(Tick(10.0 * v, str(v)) for v in (0, 2, 4, 6, 8)), Tick(100.0, "10 s"))


def test_a_load_that_was_interrupted_before_its_first_change_has_lanes_without_one(changed: Simulation) -> None:
    drawn = picture(replace(changed.record, epochs=(BEGUN,)))
    assert (drawn.events, len(drawn.lanes)) == ((), 3)


def test_words_without_room_are_left_to_the_list(changed: Simulation) -> None:
    later = replace(GROWN, change="scale to 2", from_s=5.0, settled_s=None, pods=UIDS[:2])
    first, second = picture(replace(changed.record, epochs=(BEGUN, GROWN, later))).events
    assert (first.words, second.words) == ("", "never fair")
    assert (second.at, second.width) == (50.0, 50.0)


def test_of_many_pods_the_first_twenty_have_lanes_and_the_rest_is_counted(
    changed: Simulation,
) -> None:
    drawn = picture(replace(changed.record, pods=tuple(pod_record(i, 30) for i in range(30))))
    assert (len(drawn.lanes), drawn.others) == (20, 10)


def test_the_moments_are_those_of_all_attempts_also_where_one_epoch_is_judged(changed: Simulation, run_of: RunOf) -> None:
    record = replace(changed.record, epochs=(BEGUN, replace(GROWN, first=201, last=300)))
    samples = SamplesFile(run_of(replace(changed, record=record)) / SAMPLES).read({record.name: record.judged})[record.name]
    assert samples.sent == 100
    assert sum(map(len, samples.moments_us.values())) == 300
    first = changed.rows[0]
    assert samples.moments_us[first["uid"]][0] == first["start_us"] + first["connect_us"] + first["response_us"]


def test_an_attempt_without_an_answer_stands_where_it_began() -> None:
    made = simulate(errors=["refused"], attempts=60)
    samples = Samples()
    for row in made.rows:
        samples.pass_by([str(value) for value in row.values()])
    assert samples.moments_us[""] == [next(row["start_us"] for row in made.rows if row["error"])]


def test_the_page_draws_the_lanes_and_tells_the_changes_in_words(changed: Simulation, run_of: RunOf) -> None:
    drawn = render(run_of(changed)).page.read_text()
    assert drawn.count('<table class="lanes">') == 1
    assert "<li>4.00 s: scale to 3, fair after 2.00 s, 7 lost</li>" in drawn
    assert '<table class="lanes">' not in render(run_of(simulate())).page.read_text()
