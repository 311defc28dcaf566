import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from math import log

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evenly.judge import Cause, Drift, Law, Look, Sample, ShareRule, Verdict, Word, uniform

RULE = ShareRule(uniform("abc"))
EVEN = "abc" * 900
SKEWED = "a" * 300


def fed(answers: Sequence[str | None], order: Iterable[int] | None = None, *, cap: int = 12_228, allowed: int = 0) -> Sample:
    """A sample that these answers, by start, have ended in, in this order of completion."""
    sample = Sample(RULE, cap, errors_allowed=allowed)
    for number in order or range(1, len(answers) + 1):
        sample.ended(number, answers[number - 1])
    return sample


def looks_at(blocks: Iterable[Mapping[str, int]], errors: int = 0) -> Look:
    """What the shares say of these blocks of answers, with their drift beside them; errors are in the last block."""
    drift = Drift(RULE.law)
    *firsts, last = [[block.get(pod, 0) for pod in "abc"] for block in blocks]
    for block in firsts:
        drift.count(block)
    drift.count(last, errors)
    counts = {pod: sum(block[at] for block in (*firsts, last)) for at, pod in enumerate("abc")}
    return RULE.look(counts, errors, {Cause.ORDER: 0.0, Cause.DRIFT: drift.ln_evidence})


def test_the_order_of_the_prelude_is_weighed_and_that_of_the_rest_is_not() -> None:
    turns = "abc" * 100
    by_order = Sample(RULE, cap=12_228, prelude=100)
    by_shares = Sample(RULE, cap=12_228)
    for number, pod in enumerate(turns, start=1):
        by_order.ended(number, pod)
        by_shares.ended(number, pod)
    assert by_order.verdict == Verdict(Cause.ORDER, 100)
    assert by_shares.verdict is None


def test_all_on_one_pod_is_named_by_the_shares_though_the_order_tells_it_too() -> None:
    sample = Sample(RULE, cap=12_228, prelude=100)
    for number, pod in enumerate(SKEWED, start=1):
        sample.ended(number, pod)
    assert sample.verdict == Verdict(Cause.SHARES, 100)


def test_a_look_comes_after_every_hundred_attempts_in_order_of_start() -> None:
    sample = Sample(RULE, cap=12_228)
    ended: list[Look] = []
    for number, pod in enumerate(EVEN[:250], start=1):
        ended += sample.ended(number, pod)
    assert [look.connections for look in ended] == [100, 200]
    assert ended == sample.looks
    assert ended[1] == looks_at([{"a": 34, "b": 33, "c": 33}, {"a": 33, "b": 34, "c": 33}])


def test_a_look_waits_for_the_slowest_attempt_it_covers() -> None:
    sample = Sample(RULE, cap=12_228)
    for number in range(2, 301):
        assert sample.ended(number, EVEN[number - 1]) == ()
    assert sample.attempts == 0
    looks = sample.ended(1, "a")
    assert [look.connections for look in looks] == [100, 200, 300]
    assert sample.attempts == 300


@given(
    st.lists(st.sampled_from([*"aaabbbccc", None, "stray"]), min_size=1, max_size=450),
    st.integers(0, 3),
    st.randoms(use_true_random=False),
)
def test_the_order_of_completion_changes_neither_looks_nor_verdict(
    answers: list[str | None], allowed: int, shuffled: random.Random
) -> None:
    order = list(range(1, len(answers) + 1))
    shuffled.shuffle(order)
    by_start, by_end = fed(answers, allowed=allowed), fed(answers, order, allowed=allowed)
    assert by_end.looks == by_start.looks
    assert by_end.verdict == by_start.verdict


@given(st.lists(st.sampled_from("abc"), min_size=100, max_size=900), st.lists(st.sampled_from([*"abc", None]), max_size=900))
@settings(max_examples=30)
def test_what_the_shares_have_failed_stays_failed_whatever_follows(more: list[str], rest: list[str | None]) -> None:
    failed = fed(SKEWED)
    assert failed.verdict == Verdict(Cause.SHARES, 100)
    assert fed([*SKEWED, *more, *rest]).verdict == failed.verdict


@given(st.lists(st.sampled_from([*"abc", None]), max_size=1500), st.integers(0, 1500), st.integers(0, 20))
@settings(max_examples=30)
def test_what_comes_later_changes_no_look_and_no_count_before_it(answers: list[str | None], until: int, allowed: int) -> None:
    whole, part = fed(answers, allowed=allowed), fed(answers[:until], allowed=allowed)
    assert whole.looks[: len(part.looks)] == part.looks
    assert [look.connections for look in whole.looks] == list(range(100, len(answers) + 1, 100))
    seen = answers[: whole.attempts // 100 * 100]
    if seen:
        counts = {pod: seen.count(pod) for pod in "abc"}
        assert sum(counts.values()) + seen.count(None) == whole.looks[-1].connections
        without_drift = RULE.look(counts, seen.count(None))
        assert whole.looks[-1].ln_even == without_drift.ln_even
        assert whole.looks[-1].ln_uneven >= without_drift.ln_uneven - log(3)  # the shares are one of three kinds of evidence


def test_a_pass_stands_while_what_follows_follows_the_law_too() -> None:
    passed = fed(EVEN[:2400])
    assert passed.verdict is not None
    assert passed.verdict.word is Word.PASS
    longer = fed(EVEN * 6, cap=12_228)
    assert longer.verdict == passed.verdict
    assert longer.looks[: len(passed.looks)] == passed.looks
    assert longer.looks[-1].connections == 16_200


def test_a_load_that_goes_on_after_pass_still_fails_when_the_service_changes() -> None:
    changed = fed(EVEN[:2400] + "a" * 250)
    assert changed.verdict == Verdict(Cause.DRIFT, 2500)


def test_the_first_look_that_decides_is_the_verdicts() -> None:
    sample = fed(EVEN)
    deciding = next(look for look in sample.looks if look.decides)
    assert sample.verdict == Verdict(None, deciding.connections)
    assert RULE.look(dict.fromkeys("abc", deciding.connections // 3)).decides is Word.PASS


def test_an_unexpected_pod_is_known_as_soon_as_its_attempt_has_ended() -> None:
    sample = Sample(RULE, cap=12_228)
    sample.ended(7, "stray")
    assert sample.verdict == Verdict(Cause.UNEXPECTED_POD, 7, decided_at=7, pods=("stray",))


def test_of_unexpected_pods_the_first_to_start_is_reported_first() -> None:
    sample = fed(["a", "late", "b", "early", "late", "c"], order=[6, 5, 4, 3, 2, 1])
    assert sample.verdict == Verdict(Cause.UNEXPECTED_POD, 6, decided_at=2, pods=("late", "early"))


def test_after_an_unexpected_pod_the_looks_go_on_over_the_others() -> None:
    sample = fed(["stray" if number % 4 == 0 else "abc"[number % 3] for number in range(1, 101)])
    (look,) = sample.looks
    assert look == replace(looks_at([{"a": 25, "b": 25, "c": 25}]), connections=100)


def test_a_pod_whose_declared_share_is_zero_must_not_answer() -> None:
    sample = Sample(ShareRule(Law("weighted", {"a": 1.0, "canary": 0.0})), cap=270)
    sample.ended(1, "canary")
    assert sample.verdict == Verdict(Cause.UNEXPECTED_POD, 1, decided_at=1, pods=("canary",))


def test_the_error_beyond_the_allowed_ones_decides() -> None:
    answers = ["a", None, "b", None, "c", None]
    assert fed(answers, allowed=3).verdict is None
    assert fed(answers, allowed=2).verdict == Verdict(Cause.ERRORS, 6, decided_at=6)
    assert fed(answers, allowed=0).verdict == Verdict(Cause.ERRORS, 6, decided_at=2)


def test_an_error_in_flight_after_a_pass_is_a_fail() -> None:
    verdict = fed([*EVEN[:2400], "a", None]).verdict
    assert verdict == Verdict(Cause.ERRORS, 2402, decided_at=2402)


def test_an_error_before_the_shares_fail_is_the_cause() -> None:
    assert fed(["a", None, *SKEWED]).verdict == Verdict(Cause.ERRORS, 302, decided_at=2)


def test_allowed_errors_are_weighed_as_unattributed() -> None:
    sample = fed([*EVEN[:97], None, None, None], allowed=3)
    assert sample.looks == [looks_at([{"a": 33, "b": 32, "c": 32}], errors=3)]


def test_at_the_cap_without_a_decision_it_is_undecided() -> None:
    sample = fed(EVEN[:250], cap=250)
    assert [look.connections for look in sample.looks] == [100, 200, 250]
    assert sample.verdict == Verdict(Cause.UNDECIDED, 250)


def test_below_the_cap_without_a_decision_there_is_no_verdict() -> None:
    assert fed(EVEN[:250], cap=251).verdict is None


@pytest.mark.parametrize("first", [1, 5])
def test_an_attempt_that_ends_twice_is_refused(first: int) -> None:
    sample = Sample(RULE, cap=12_228)
    sample.ended(first, "a")
    with pytest.raises(ValueError, match=f"attempt {first} has ended before"):
        sample.ended(first, "b")
