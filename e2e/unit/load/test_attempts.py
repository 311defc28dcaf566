import io
import math
from collections.abc import Iterator
from dataclasses import replace
from itertools import cycle
from random import Random

from evenly.judge import uniform
from evenly.load.answer import Answer, ErrorKind, Exchange
from evenly.load.attempts import Attempts
from evenly.load.plan import LoadPlan, Stopped
from evenly.load.rows import RowWriter

PODS = ("a", "b", "c")
PLAN = LoadPlan("run", uniform(PODS), cap=12_234, prelude=0)


class Load:
    """Attempts driven by hand, one after the other; ``pods`` says who answers, None for an error."""

    def __init__(self, plan: LoadPlan) -> None:
        self.finished = 0
        self.opened = 0
        self.attempts = Attempts(plan, RowWriter(io.StringIO(), plan.look_every), self._finish, self._open)
        self.ended = 0

    def _finish(self) -> None:
        self.finished += 1

    def _open(self) -> None:
        self.opened += 1

    def run(self, pods: Iterator[str | None], seconds_each: float = 0.001) -> None:
        while (number := self.attempts.take()) is not None:
            self.end(number, next(pods), seconds_each)

    def end(self, number: int, pod: str | None, seconds: float = 0.001) -> None:
        start_ns = int(number * seconds * 1e9)
        answer = Answer(pod, pod, "n", number, 1, "c") if pod else None
        self.attempts.ended(
            number, Exchange(start_ns, start_ns + int(seconds * 1e9), 10, answer, None if pod else ErrorKind.RESET)
        )
        self.ended += 1


def fewest_even_attempts_that_pass() -> int:
    """Exactly equal counts: the ratio at the nearer edge, 5 points above a third, must reach 1,000."""
    share, edge = 1 / 3, 1 / 3 + 0.05
    per_attempt = share * math.log(share / edge) + (1 - share) * math.log((1 - share) / (1 - edge))
    return math.ceil(math.log(1000) / per_attempt / 100) * 100


def test_an_even_load_stops_at_the_look_that_passes() -> None:
    load = Load(PLAN)
    load.run(cycle(PODS))
    assert abs(load.ended - fewest_even_attempts_that_pass()) <= 100
    assert load.ended % 100 == 0
    assert load.attempts.stopped is Stopped.DECIDED


def test_nothing_is_handed_out_after_pass_and_what_is_in_flight_is_awaited() -> None:
    load = Load(PLAN)
    late = load.attempts.take()
    in_flight = [load.attempts.take() for _ in range(10)]
    pods = cycle(PODS)
    while load.ended < 5_000:  # twice what would be enough
        number = load.attempts.take()
        assert number is not None
        load.end(number, next(pods))
    assert late == 1
    load.end(late, "a")  # the first look, and all the others, had to wait for the first attempt
    assert load.attempts.stopped is None
    for number in in_flight:
        assert number is not None
        load.end(number, next(pods))
    assert load.attempts.stopped is Stopped.DECIDED
    assert load.attempts.take() is None
    assert load.finished


def test_in_flight_attempts_keep_the_load_from_being_done() -> None:
    load = Load(PLAN)
    first, second = load.attempts.take(), load.attempts.take()
    load.attempts.stop(Stopped.INTERRUPTED)
    assert load.attempts.take() is None
    assert first
    assert second
    load.end(first, "a")
    assert not load.finished
    load.end(second, "a")
    assert load.finished


def test_after_an_unexpected_pod_the_load_goes_on_to_a_thousand() -> None:
    load = Load(PLAN)
    load.run(cycle(("a", "b", "stray", "c")))
    assert load.ended == 1_000
    assert load.attempts.stopped is Stopped.DECIDED


def test_after_a_late_fail_no_further_attempt_is_handed_out() -> None:
    load = Load(PLAN)
    load.run(cycle("a" * 40 + "b" * 30 + "c" * 30))
    assert 1_000 < load.ended < PLAN.cap
    assert load.ended % 100 == 0
    assert load.attempts.stopped is Stopped.DECIDED


def test_an_error_beyond_the_budget_ends_the_load_after_a_thousand() -> None:
    load = Load(PLAN)
    load.run(cycle(("a", "b", "c", None)))
    assert load.ended == 1_000


def test_the_cap_bounds_the_load_whatever_happens() -> None:
    undecided, failed = Load(replace(PLAN, cap=250)), Load(replace(PLAN, cap=250))
    undecided.run(cycle(PODS))
    failed.run(cycle(("stray",)))
    assert (undecided.ended, undecided.attempts.stopped) == (250, Stopped.CAP)
    assert failed.ended == 250


def test_a_service_that_hangs_is_not_waited_for_a_thousand_times() -> None:
    load = Load(PLAN)
    load.run(cycle((None,)), seconds_each=1.0)
    assert load.ended < 10
    assert load.attempts.summary("2.47.0").stalls == load.ended


def test_the_summary_counts_from_the_first_start_to_the_last_end() -> None:
    load = Load(replace(PLAN, cap=50))
    load.run(cycle(PODS), seconds_each=0.01)
    summary = load.attempts.summary("2.47.0")
    assert (summary.attempts, summary.stalls, summary.stopped) == (50, 0, Stopped.CAP)
    assert math.isclose(summary.seconds, 0.5)
    assert summary.t0_ns == 10_000_000, "the first one's own start, on the clock that its times are on"
    assert summary.client_cpu_s >= 0


SERIAL_PLAN = replace(PLAN, prelude=200)


def test_the_crowd_is_let_in_once_the_prelude_has_ended() -> None:
    load = Load(SERIAL_PLAN)
    by_chance = Random(1)  # noqa: S311 - a simulation
    for number in range(1, 301):
        assert load.opened == (number > 200)
        assert load.attempts.take() == number
        load.end(number, by_chance.choice(PODS))
    assert load.attempts.summary("v").prelude == 200


def test_a_slow_service_gets_a_shorter_prelude() -> None:
    load = Load(SERIAL_PLAN)
    for number in range(1, 7):  # half a second each: two seconds are over with the fifth
        load.attempts.take()
        load.end(number, "a", seconds=0.5)
    assert load.opened == 1
    assert load.attempts.summary("v").prelude == 5


def test_a_load_that_is_stopped_in_its_prelude_lets_everyone_in_to_end() -> None:
    load = Load(SERIAL_PLAN)
    load.attempts.take()
    load.end(1, "a")
    load.attempts.stop(Stopped.INTERRUPTED)
    assert (load.opened, load.finished, load.attempts.take()) == (1, 1, None)
    assert load.attempts.summary("v").prelude == 1


def test_pods_that_take_turns_are_failed_by_their_order_and_without_a_prelude_are_not() -> None:
    turns, blind = Load(SERIAL_PLAN), Load(PLAN)
    turns.run(cycle(PODS))
    blind.run(cycle(PODS))
    assert turns.ended == 1_000
    assert abs(blind.ended - fewest_even_attempts_that_pass()) <= 100
