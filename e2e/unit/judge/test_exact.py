"""The laws without chance: what keeps them, what breaks them, and how long a Service must keep them to pass."""

from collections.abc import Iterable
from itertools import cycle, islice
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenly.judge import Attempt, Law, Look, ShareRule, Word, first_pods, look_exactly, round_robin, sticky, uniform

TURNS = round_robin("abc")
STAYING = sticky("abc")


def serial(pods: Iterable[str | None]) -> list[Attempt]:
    return [Attempt("one", pod) for pod in pods]


def test_pods_in_turn_pass_once_one_that_breaks_turns_in_five_percent_would_have_shown_it() -> None:
    assert 0.95**135 < 1e-3 < 0.95**134
    assert look_exactly(TURNS, serial(islice(cycle("abc"), 135))).decides is None  # the first has none before it
    assert look_exactly(TURNS, serial(islice(cycle("abc"), 136))).decides is Word.PASS


@pytest.mark.parametrize(
    ("pods", "broken_at"),
    [
        pytest.param("aab", 2, id="the same pod twice in a row"),
        pytest.param("abaxc"[:3], 3, id="a pod two ahead of one that waits"),
        pytest.param("abccba", 4, id="twice in a row from one round to the next, though rounds are whole"),
        pytest.param("abcabcabb", 9, id="the third round"),
    ],
)
def test_a_pod_out_of_turn_is_a_fail_at_its_attempt(pods: str, broken_at: int) -> None:
    assert look_exactly(TURNS, serial(pods)) == Look(broken_at, 0.0, inf, Word.FAIL)


def test_rounds_may_be_in_any_order_that_repeats_no_pod() -> None:
    assert look_exactly(TURNS, serial("abcacbacb" * 20)).decides is Word.PASS


def test_after_an_error_turns_begin_anew_as_nobody_knows_whose_it_was() -> None:
    assert look_exactly(TURNS, serial(["a", "b", None, "b", "a", "c"])).decides is None
    assert look_exactly(TURNS, serial(["a", "b", "b", "a", "c"])).decides is Word.FAIL


def test_errors_and_the_attempt_after_each_count_for_nothing() -> None:
    assert look_exactly(TURNS, serial(["a", None] * 500)) == Look(1000, 0.0, 0.0, None)


@pytest.mark.parametrize("law", [TURNS, STAYING])
def test_an_answer_from_a_pod_without_a_share_is_left_to_others(law: Law) -> None:
    assert look_exactly(law, serial(["a", "stray", "a"])) == look_exactly(law, serial(["a", None, "a"]))


def test_a_single_pod_takes_every_turn() -> None:
    assert look_exactly(round_robin("a"), serial("a" * 136)).decides is Word.PASS


def test_a_random_choice_does_not_keep_turns() -> None:
    assert look_exactly(TURNS, serial("abcbacaabbccabc" * 20)).decides is Word.FAIL


@given(st.permutations("abc"), st.lists(st.sampled_from([*"abc", None]), max_size=40))
def test_permuting_the_pods_changes_nothing(names: list[str], pods: list[str | None]) -> None:
    renamed = dict(zip("abc", names, strict=True))
    for law in (TURNS, STAYING):
        assert look_exactly(law, serial(pods)) == look_exactly(law, serial(pod and renamed[pod] for pod in pods))


def test_clients_that_stay_pass_and_their_first_connections_show_nothing() -> None:
    staying = [Attempt(str(number % 20), "abc"[number % 20 % 3]) for number in range(155)]
    assert look_exactly(STAYING, staying).decides is Word.PASS
    assert look_exactly(STAYING, staying[:154]).decides is None
    assert look_exactly(STAYING, staying[:20]) == Look(20, 0.0, 0.0, None)


def test_a_client_that_moves_is_a_fail_also_past_an_error() -> None:
    moving = [Attempt("one", "a"), Attempt("two", "b"), Attempt("one", None), Attempt("two", "b"), Attempt("one", "b")]
    assert look_exactly(STAYING, moving) == Look(5, 0.0, inf, Word.FAIL)
    assert look_exactly(STAYING, moving[:4]).decides is None


def test_a_law_over_clients_counts_each_client_once() -> None:
    attempts = [Attempt(str(client), "abc"[client % 3]) for client in range(2400) for _ in range(3)]
    attempts.insert(0, Attempt("0", None))
    firsts = first_pods(attempts)
    assert len(firsts) == 2400
    counts = {pod: list(firsts.values()).count(pod) for pod in "abc"}
    assert counts == dict.fromkeys("abc", 800)
    assert ShareRule(STAYING).look(counts).decides is Word.PASS


def test_clients_that_all_stay_on_one_pod_keep_to_it_but_are_not_spread() -> None:
    attempts = [Attempt(str(client), "a") for client in range(100) for _ in range(3)]
    assert look_exactly(STAYING, attempts).decides is Word.PASS
    assert ShareRule(STAYING).look({"a": len(first_pods(attempts)), "b": 0, "c": 0}).decides is Word.FAIL


def test_independent_picks_have_nothing_to_keep() -> None:
    with pytest.raises(KeyError):
        look_exactly(uniform("abc"), serial("abc"))
