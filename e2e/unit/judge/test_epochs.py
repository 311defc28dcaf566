"""Where an epoch's sample begins, and that its counts follow its law however the transition went."""

import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenly.judge import Cause, ShareRule, Trial, decide, uniform
from evenly.judge.epochs import QUIET, Epoch, LawChange, epochs

THREE, FIVE = uniform("abc"), uniform("abcde")


def test_a_steady_load_is_one_epoch_that_begins_when_all_pods_have_answered() -> None:
    (epoch,) = epochs("aabacabc", [LawChange(1, THREE)])
    assert epoch == Epoch(THREE, transition=range(1, 6), sample=range(6, 9))


def test_a_sample_of_more_pods_begins_after_the_last_new_ones_first_answer() -> None:
    answers = [*"abcabc", *"abdcba", *"edcba"]
    before, after = epochs(answers, [LawChange(1, THREE), LawChange(7, FIVE)])
    assert before.sample == range(4, 7)
    assert answers[12] == "e"
    assert after == Epoch(FIVE, transition=range(7, 14), sample=range(14, 18))


def test_a_sample_of_fewer_pods_waits_until_the_others_have_been_silent_for_a_while() -> None:
    answers = "abcde" + "abcd" * 5 + "abc" * 60
    _, after = epochs(answers, [LawChange(1, FIVE), LawChange(6, THREE)])
    assert answers[24] == "d"
    assert after.transition == range(6, 26 + QUIET)


def test_a_pod_that_never_answers_leaves_no_sample() -> None:
    _, after = epochs("abc" * 50, [LawChange(1, THREE), LawChange(51, FIVE)])
    assert after == Epoch(FIVE, transition=range(51, 151), sample=range(151, 151))


def test_errors_are_nobodys_answers() -> None:
    (epoch,) = epochs(["a", None, "b", None, "c", "a"], [LawChange(1, THREE)])
    assert epoch.sample == range(6, 7)


def test_a_change_that_costs_errors_is_over_when_they_have_ceased_for_a_while() -> None:
    answers = [*"abc" * 5, *["a", None, "b"] * 5, *"abc" * 60]
    _, after = epochs(answers, [LawChange(1, THREE), LawChange(16, THREE)])
    assert answers[28] is None
    assert after.sample.start == 30 + QUIET


def test_an_answer_from_before_the_change_was_made_does_not_end_its_transition() -> None:
    answers = "abc" * 5 + "ab" * 20 + "abc"
    _, asked = epochs(answers, [LawChange(1, THREE), LawChange(14, THREE)])
    _, made = epochs(answers, [LawChange(1, THREE), LawChange(14, THREE, done=16)])
    assert asked.sample.start == 17
    assert made.sample.start == 59


@pytest.mark.parametrize("at", [[2], [1, 5, 5], [1, 9, 5], []])
def test_changes_out_of_order_are_refused(at: list[int]) -> None:
    with pytest.raises(ValueError, match="changes come in order"):
        epochs("abc", [LawChange(number, THREE) for number in at])


@given(st.lists(st.sampled_from([*"abcde", None]), max_size=60), st.sets(st.integers(2, 70), max_size=4))
def test_every_attempt_is_in_one_transition_or_one_sample(answers: list[str | None], at: set[int]) -> None:
    changes = [LawChange(number, FIVE if number % 2 else THREE) for number in sorted({1, *at}) if number <= len(answers) + 1]
    parts = [part for epoch in epochs(answers, changes) for part in (epoch.transition, epoch.sample)]
    assert [number for part in parts for number in part] == list(range(1, len(answers) + 1))


@given(st.lists(st.sampled_from("abcde"), min_size=1, max_size=60), st.lists(st.sampled_from("abcde"), max_size=30))
def test_what_comes_later_does_not_move_the_beginning_of_a_sample(answers: list[str], later: list[str]) -> None:
    (part,), (whole,) = (epochs(some, [LawChange(1, THREE)]) for some in (answers, answers + later))
    if part.sample:
        assert whole.sample.start == part.sample.start


def test_a_load_over_a_change_passes_in_both_epochs_and_would_fail_as_one() -> None:
    draw = random.Random(11)  # noqa: S311 - a draw, not a secret
    answers = draw.choices("abc", k=4000) + draw.choices("abcde", k=4000)
    as_one = Trial(ShareRule(FIVE), 12_228, answers)
    assert decide(as_one).verdict.cause is Cause.SHARES
    for epoch in epochs(answers, [LawChange(1, THREE), LawChange(4001, FIVE)]):
        own = answers[epoch.sample.start - 1 : epoch.sample.stop - 1]
        assert decide(replace(as_one, rule=ShareRule(epoch.law), answers=own)).verdict.cause is None
