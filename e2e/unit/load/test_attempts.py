import io
import math
import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import cycle, pairwise
from random import Random

import pytest

from evenly.judge import ShareRule, round_robin, sticky, uniform
from evenly.load.answer import Answer, ErrorKind, Exchange
from evenly.load.attempts import Attempt, Attempts
from evenly.load.plan import HOLD_RATE_PER_S, LoadPlan, Stopped
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
        while attempt := self.attempts.take():
            self.end(attempt, next(pods), seconds_each)

    def end(self, attempt: Attempt | None, pod: str | None, seconds: float = 0.001) -> None:
        assert attempt
        number = attempt.number
        start_ns = max(int(number * seconds * 1e9), attempt.at_ns)
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
        load.end(load.attempts.take(), next(pods))
    assert late == Attempt(1)
    load.end(late, "a")  # the first look, and all the others, had to wait for the first attempt
    assert load.attempts.stopped is None
    for attempt in in_flight:
        load.end(attempt, next(pods))
    assert load.attempts.stopped is Stopped.DECIDED
    assert load.attempts.take() is None
    assert load.finished


def test_in_flight_attempts_keep_the_load_from_being_done() -> None:
    load = Load(PLAN)
    first, second = load.attempts.take(), load.attempts.take()
    load.attempts.stop(Stopped.INTERRUPTED)
    assert load.attempts.take() is None
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


def test_a_load_to_the_end_is_stopped_by_no_answer() -> None:
    load = Load(LoadPlan.lasting("run", uniform(PODS), rate_per_s=500, limit_s=10))
    load.run(cycle(("a", "b", "stray", None)), seconds_each=0.002)
    assert (load.ended, load.attempts.stopped) == (5_000, Stopped.CAP)


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
    began_s = time.process_time()
    load.run(cycle(PODS), seconds_each=0.01)
    used_s = time.process_time() - began_s
    while time.process_time() < began_s + used_s + 0.1:
        pass  # as Locust does while it says farewell
    summary = load.attempts.summary("2.47.0")
    assert (summary.attempts, summary.stalls, summary.stopped) == (50, 0, Stopped.CAP)
    assert math.isclose(summary.seconds, 0.5)
    assert summary.t0_ns == 10_000_000, "the first one's own start, on the clock that its times are on"
    assert 0 < summary.client_cpu_s < used_s + 0.05


SERIAL_PLAN = replace(PLAN, prelude=200)


def test_the_crowd_is_let_in_once_the_prelude_has_ended() -> None:
    load = Load(SERIAL_PLAN)
    by_chance = Random(1)  # noqa: S311 - a simulation
    for number in range(1, 301):
        assert load.opened == (number > 200)
        attempt = load.attempts.take()
        assert attempt == Attempt(number)
        load.end(attempt, by_chance.choice(PODS))
    assert load.attempts.summary("v").prelude == 200


def test_a_slow_service_gets_a_shorter_prelude() -> None:
    load = Load(SERIAL_PLAN)
    for _ in range(6):  # half a second each: two seconds are over with the fifth
        load.end(load.attempts.take(), "a", seconds=0.5)
    assert load.opened == 1
    assert load.attempts.summary("v").prelude == 5


def test_a_load_that_is_stopped_in_its_prelude_lets_everyone_in_to_end() -> None:
    load = Load(SERIAL_PLAN)
    load.end(load.attempts.take(), "a")
    load.attempts.stop(Stopped.INTERRUPTED)
    assert (load.opened, load.finished, load.attempts.take()) == (1, 1, None)
    assert load.attempts.summary("v").prelude == 1


def test_pods_that_take_turns_are_failed_by_their_order_and_without_a_prelude_are_not() -> None:
    turns, blind = Load(SERIAL_PLAN), Load(PLAN)
    turns.run(cycle(PODS))
    blind.run(cycle(PODS))
    assert turns.ended == 1_000
    assert abs(blind.ended - fewest_even_attempts_that_pass()) <= 100


def test_after_pass_a_held_load_goes_on_at_a_constant_rate_for_its_time() -> None:
    load = Load(replace(PLAN, hold_s=2))
    begins: list[int] = []
    while attempt := load.attempts.take():
        load.end(attempt, "abc"[attempt.number % 3])
        if attempt.at_ns:
            begins.append(attempt.at_ns)
    assert len(begins) == 2 * HOLD_RATE_PER_S
    assert {later - earlier for earlier, later in pairwise(begins)} == {1_000_000_000 // HOLD_RATE_PER_S}
    assert load.attempts.stopped is Stopped.DECIDED
    assert load.attempts.summary("v").held_s == pytest.approx(2, abs=0.01)
    assert replace(PLAN, hold_s=2).held == len(begins)


def test_a_fail_ends_a_held_load() -> None:
    load = Load(replace(PLAN, hold_s=600))
    passed_at = fewest_even_attempts_that_pass()
    while attempt := load.attempts.take():
        load.end(attempt, "abc"[attempt.number % 3] if attempt.number < passed_at + 1_000 else "a")
    assert passed_at + 1_000 < load.ended < passed_at + 1_300
    assert load.finished


def test_a_load_that_is_not_held_took_no_time_after_pass() -> None:
    load = Load(PLAN)
    load.run(cycle(PODS))
    assert load.attempts.summary("v").held_s == 0


def test_clients_that_stay_make_two_attempts_each_from_an_address_of_their_own() -> None:
    load = Load(LoadPlan.of("run", ShareRule(sticky(PODS)), sources="127.1.0.0/16"))
    attempts = [load.attempts.take() for _ in range(6)]
    own = ["127.1.0.1", "127.1.0.1", "127.1.0.2", "127.1.0.2", "127.1.0.3", "127.1.0.3"]
    assert [attempt and attempt.source for attempt in attempts] == own


def test_a_client_that_moves_is_failed_at_the_next_look() -> None:
    load = Load(LoadPlan.of("run", ShareRule(sticky(PODS)), sources="127.1.0.0/16"))
    load.run(iter("aabbcc" * 20 + "ab" + "aabbcc" * 200))
    assert load.ended == 1_000  # for the picture; PASS would have taken thousands


def test_pods_that_are_to_take_turns_are_asked_one_after_the_other_to_the_end() -> None:
    turns = Load(LoadPlan.of("run", ShareRule(round_robin(PODS))))
    turns.run(cycle(PODS))
    assert turns.ended == 200  # the first look at which 135 were in turn
    assert turns.opened == 1
    assert turns.attempts.summary("v").prelude == 200


def kept(load: Load, attempt: Attempt | None, pod: str, request: int, *, more: bool) -> None:
    assert attempt
    start_ns, answer = attempt.number * 1000, Answer(pod, pod, "n", attempt.number, request, "c")
    load.attempts.ended(attempt.number, Exchange(start_ns, start_ns + 500, 0, answer, None), more=more)


def test_on_a_kept_connection_only_the_first_answer_is_a_choice_of_pod() -> None:
    load = Load(replace(PLAN, cap=10_000))
    pods = cycle(PODS)
    connections = 0
    while first := load.attempts.take():
        pod = next(pods)
        connections += 1
        kept(load, first, pod, 1, more=True)
        if second := load.attempts.take(opens=False):
            kept(load, second, pod, 2, more=False)
    assert abs(connections - fewest_even_attempts_that_pass()) <= 100
    assert load.attempts.stopped is Stopped.DECIDED


def test_at_the_cap_a_connection_that_is_there_carries_all_it_was_to_and_is_awaited() -> None:
    load = Load(replace(PLAN, cap=2))
    first, second = load.attempts.take(), load.attempts.take()
    kept(load, second, "b", 1, more=False)
    assert load.attempts.take() is None
    kept(load, first, "a", 1, more=True)
    assert not load.finished, "the connection is to carry another"
    kept(load, load.attempts.take(opens=False), "a", 2, more=False)
    assert load.attempts.stopped is Stopped.CAP
    assert load.finished


def test_after_an_interrupt_a_kept_connection_carries_no_more() -> None:
    load = Load(PLAN)
    kept(load, load.attempts.take(), "a", 1, more=True)
    load.attempts.stop(Stopped.INTERRUPTED)
    assert not load.finished
    assert load.attempts.take(opens=False) is None
    assert load.finished


def test_answers_that_do_not_tell_their_place_decide_nothing() -> None:
    load = Load(replace(PLAN, cap=500))
    while attempt := load.attempts.take():
        kept(load, attempt, "a", 0, more=False)
    assert load.attempts.stopped is Stopped.CAP
