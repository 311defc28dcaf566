"""The laws without chance: what keeps them, what breaks them, and how long a Service must keep them to pass."""

from collections.abc import Iterable
from itertools import cycle, islice
from math import inf, log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenly.judge import Attempt, Cause, Look, ShareRule, Word, cap, round_robin, sticky
from evenly.judge.exact import Stays, Turns, needed

TURNS = ShareRule(round_robin("abc"))
STAYING = ShareRule(sticky("abc"))


def in_turn(pods: Iterable[str | None], rule: ShareRule = TURNS) -> Look:
    """What is seen of serial attempts that these pods answered."""
    turns, taken = Turns(rule), 0
    for taken, pod in enumerate(pods, start=1):
        turns.count(Attempt(taken, pod, serial=True))
    return turns.look(taken)


def staying(attempts: Iterable[tuple[str, str | None]]) -> Look:
    """What is seen of attempts: whose each was, and the pod that answered."""
    stays, taken = Stays(STAYING), 0
    for taken, (client, pod) in enumerate(attempts, start=1):
        stays.count(Attempt(taken, pod, client))
    return stays.look(taken)


def broken(connections: int, cause: Cause, at: int) -> Look:
    return Look(connections, 0.0, inf, Word.FAIL, cause, at)


def test_pods_in_turn_pass_once_one_that_breaks_turns_in_five_percent_would_have_shown_it() -> None:
    assert 0.95**135 < 1e-3 < 0.95**134
    assert needed(TURNS) == 135
    assert cap(TURNS) == 270
    assert in_turn(islice(cycle("abc"), 135)).decides is None  # the first has none before it
    assert in_turn(islice(cycle("abc"), 136)).decides is Word.PASS


@pytest.mark.parametrize(
    ("pods", "at"),
    [
        pytest.param("aabc", 2, id="the same pod twice in a row"),
        pytest.param("abac", 3, id="a pod two ahead of one that waits"),
        pytest.param("abccba", 4, id="twice in a row from one round to the next, though rounds are whole"),
        pytest.param("abcabcabb", 9, id="the third round"),
    ],
)
def test_a_pod_out_of_turn_is_a_fail_at_its_attempt(pods: str, at: int) -> None:
    assert in_turn(pods) == broken(len(pods), Cause.TURN, at)


def test_rounds_may_be_in_any_order_that_repeats_no_pod() -> None:
    assert in_turn("abcacbacb" * 20).decides is Word.PASS


def test_after_an_error_turns_begin_anew_as_nobody_knows_whose_it_was() -> None:
    assert in_turn(["a", "b", None, "b", "a", "c"]).decides is None
    assert in_turn(["a", "b", "b", "a", "c"]).decides is Word.FAIL


def test_errors_and_the_attempt_after_each_count_for_nothing() -> None:
    assert in_turn(["a", None] * 500) == Look(1000, 0.0, 0.0, None)


def test_attempts_that_were_not_alone_show_no_turns() -> None:
    turns = Turns(TURNS)
    for number, pod in enumerate("aabb" * 100, start=1):
        turns.count(Attempt(number, pod, serial=False))
    assert turns.look(400) == Look(400, 0.0, 0.0, None)


def test_a_single_pod_takes_every_turn() -> None:
    assert in_turn("a" * 136, ShareRule(round_robin("a"))).decides is Word.PASS


def test_a_random_choice_does_not_keep_turns() -> None:
    assert in_turn("abcbacaabbccabc" * 20).decides is Word.FAIL


@given(st.permutations("abc"), st.lists(st.sampled_from([*"abc", None]), max_size=40), st.integers(1, 4))
def test_permuting_the_pods_changes_nothing(names: list[str], pods: list[str | None], clients: int) -> None:
    renamed = dict(zip("abc", names, strict=True))
    others = [pod and renamed[pod] for pod in pods]
    assert in_turn(pods) == in_turn(others)
    owners = [str(number % clients) for number in range(len(pods))]
    before, after = (staying(zip(owners, some, strict=True)) for some in (pods, others))
    assert (before.decides, before.broken_at) == (after.decides, after.broken_at)
    assert after.ln_uneven == pytest.approx(before.ln_uneven)  # a sum in another order


def test_clients_that_stay_and_are_spread_pass_and_their_first_connections_show_nothing() -> None:
    twice = [(str(number // 2), "abc"[number // 2 % 3]) for number in range(4800)]
    assert staying(twice).decides is Word.PASS
    first = staying(twice[::2])
    assert first.decides is None
    assert first.ln_even == 0


def test_the_spread_is_that_of_the_clients_not_of_their_connections() -> None:
    many = [(str(client), "abc"[client % 3]) for client in range(150) for _ in range(100)]
    assert staying(many).ln_uneven == STAYING.look(dict.fromkeys("abc", 50)).ln_uneven
    assert staying(many).decides is None


def test_a_client_that_moves_is_a_fail_also_past_an_error() -> None:
    moving = [("one", "a"), ("two", "b"), ("one", None), ("two", "b"), ("one", "b")]
    assert staying(moving) == broken(5, Cause.MOVE, 5)
    assert staying(moving[:4]).decides is None


def test_clients_that_all_stay_on_one_pod_fail_by_their_shares() -> None:
    look = staying([(str(client), "a") for client in range(100) for _ in range(3)])
    assert (look.decides, look.most_against, look.connections) == (Word.FAIL, Cause.SHARES, 300)


def test_a_client_that_was_never_answered_could_be_on_any_pod() -> None:
    silent = [(str(client), "a" if client < 25 else None) for client in range(200)]
    assert staying(silent).decides is None
    assert staying(silent[:25]).ln_uneven == pytest.approx(STAYING.look({"a": 25, "b": 0, "c": 0}).ln_uneven)
    assert staying(silent[:25]).ln_uneven > log(1e6) > staying(silent).ln_uneven


def test_a_test_of_clients_ends_at_twice_the_clients_of_a_fixed_one_of_two_connections_each() -> None:
    assert cap(STAYING) == 2 * 12_228
