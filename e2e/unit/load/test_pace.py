import math
from bisect import bisect_right
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenly.load.locust.connection import LONGEST_ATTEMPT_S
from evenly.load.pace import LONGEST_LATE_S, NS_PER_S, Pace, sustainable_per_s
from evenly.load.plan import LOAD_LIMIT_S

FIRST_NS = 5 * NS_PER_S
paces = st.builds(Pace, st.just(FIRST_NS), st.floats(0.5, 20_000))
stalls_ns = st.lists(st.tuples(st.integers(1, 400), st.integers(0, 3 * NS_PER_S)), max_size=5)


def started(pace: Pace, attempts: int, stalls: list[tuple[int, int]]) -> list[int]:
    """One client that follows the pace, whose clock runs on by so much during these attempts; each start."""
    now_ns, starts, held_up = pace.first_ns, [], dict(stalls)
    for number in range(1, attempts + 1):
        now_ns += math.ceil(pace.wait_s(number, now_ns) * NS_PER_S)
        starts.append(now_ns)
        now_ns += held_up.get(number, 0)
    return starts


def test_attempts_are_meant_to_start_at_equal_distances() -> None:
    pace = Pace(FIRST_NS, 4)
    assert [pace.intended_ns(number) - FIRST_NS for number in (1, 2, 3, 5)] == [0, 250_000_000, 500_000_000, NS_PER_S]


def test_an_early_attempt_waits_and_a_late_one_does_not() -> None:
    pace = Pace(FIRST_NS, 4)
    assert pace.wait_s(2, FIRST_NS + 100_000_000) == pytest.approx(0.15)
    assert pace.wait_s(2, FIRST_NS + 250_000_000) == 0
    assert pace.wait_s(2, FIRST_NS + 9_000_000_000) == 0


@given(st.integers(1, 20_000), st.integers(1, 10_000_000))
def test_the_pace_never_drifts(per_s: int, number: int) -> None:
    exact_ns = FIRST_NS + Fraction(number - 1, per_s) * NS_PER_S
    assert abs(Pace(FIRST_NS, per_s).intended_ns(number) - exact_ns) <= 2


@given(paces, stalls_ns)
def test_until_any_moment_no_more_have_started_than_were_intended(pace: Pace, stalls: list[tuple[int, int]]) -> None:
    starts = started(pace, 400, stalls)
    assert all(start >= pace.intended_ns(number) for number, start in enumerate(starts, 1))
    assert all(a <= b for a, b in pairwise(starts))


def test_after_a_stall_the_missed_attempts_start_at_once_and_later_ones_are_on_time() -> None:
    pace = Pace(0, 10)
    starts_s = [start / NS_PER_S for start in started(pace, 8, [(2, NS_PER_S // 2 - 50_000_000)])]
    assert starts_s == pytest.approx([0, 0.1, 0.55, 0.55, 0.55, 0.55, 0.6, 0.7])


def most_at_once(starts_s: list[float], stay_s: float) -> int:
    return max(number - bisect_right(starts_s, start - stay_s) for number, start in enumerate(starts_s, 1))


@given(st.integers(50, 2_000), st.lists(st.tuples(st.integers(1, 400), st.floats(0, LONGEST_LATE_S)), max_size=3))
def test_a_sustainable_rate_never_needs_more_than_there_is(ports: int, stalls: list[tuple[int, float]]) -> None:
    rate = sustainable_per_s(ports, stay_s=60)
    longest_s = LONGEST_LATE_S / max(1, len(stalls))  # together no longer than an attempt may be late
    held_up = [(number, int(min(seconds, longest_s) * NS_PER_S)) for number, seconds in stalls]
    starts_s = [start / NS_PER_S for start in started(Pace(0, rate), 4 * ports, held_up)]
    assert most_at_once(starts_s, stay_s=60) <= ports + 1


def test_a_rate_without_room_for_a_stall_would_need_more_than_there_is() -> None:
    starts_s = [start / NS_PER_S for start in started(Pace(0, 1_000 / 60), 4_000, [(2_000, int(9 * NS_PER_S))])]
    assert most_at_once(starts_s, stay_s=60) > 1_100


@pytest.mark.parametrize(("room", "stay_s", "rate"), [(28_232, 60, 28_232 / 71), (1_910, 180, 10), (-5, 60, 0)])
def test_a_rate_fills_the_room_in_the_time_that_a_connection_stays(room: int, stay_s: float, rate: float) -> None:
    assert sustainable_per_s(room, stay_s) == pytest.approx(rate)


def test_no_attempt_takes_longer_than_the_lateness_that_is_reckoned_with() -> None:
    assert LONGEST_ATTEMPT_S <= LONGEST_LATE_S < LOAD_LIMIT_S
