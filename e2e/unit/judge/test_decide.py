import random
from dataclasses import replace

import pytest

from evenly.judge import Cause, Sample, ShareRule, Trial, Verdict, Word, absent, decide, round_robin, sticky, uniform

PODS = frozenset("abc")
FAIR = Trial(ShareRule(uniform("abc")), 12_228, "abc" * 900, endpoints=(PODS,))
TWO_OF_THREE = replace(FAIR, answers="ab" * 500)


def test_a_fair_run_passes() -> None:
    # Exact thirds need ln(1000) / (ln(0.8696) / 3 + ln(1.0811) * 2 / 3) = 1,282; of 1,300 one pod has 2/3 too many.
    assert decide(FAIR).verdict == Verdict(None, 1400)


def test_a_run_judges_as_the_load_did_while_it_ran() -> None:
    answers = random.Random(3).choices("abc", k=4000)  # noqa: S311 - a draw, not a secret
    sample = Sample(FAIR.rule, FAIR.cap)
    for number, pod in enumerate(answers, start=1):
        sample.ended(number, pod)
        if sample.verdict:
            break
    judgement = decide(replace(FAIR, answers=answers))
    assert judgement.verdict == sample.verdict
    assert len(judgement.looks) == 40


def test_an_unready_pod_invalidates_the_run_though_its_shares_would_fail() -> None:
    assert decide(TWO_OF_THREE).verdict == Verdict(Cause.SHARES, 100)
    unready = replace(TWO_OF_THREE, endpoints=(frozenset("ab"),))
    assert decide(unready).verdict == Verdict(Cause.ENDPOINTS, 1000, pods=("c",))


def test_a_stray_endpoint_that_answered_is_an_unexpected_pod() -> None:
    trial = replace(FAIR, answers=["a", "b", "stray", "c"] * 250, endpoints=(PODS | {"stray"},))
    assert decide(trial).verdict == Verdict(Cause.UNEXPECTED_POD, 1000, decided_at=3, pods=("stray",))


def test_a_stray_endpoint_that_never_answered_invalidates_the_run() -> None:
    trial = replace(FAIR, endpoints=(PODS, PODS | {"stray"}, PODS))
    assert decide(trial).verdict == Verdict(Cause.ENDPOINTS, 2700, pods=("stray",))


def test_pods_that_left_and_came_are_all_named_the_declared_ones_first() -> None:
    trial = replace(FAIR, endpoints=(PODS, frozenset("ab"), frozenset("abz"), frozenset("by")))
    assert decide(trial).verdict.pods == ("a", "c", "y", "z")


@pytest.mark.parametrize("ready", [PODS, PODS | {"gone"}], ids=["not ready", "ready"])
def test_a_pod_that_must_not_answer_may_be_ready_or_not(ready: frozenset[str]) -> None:
    trial = replace(FAIR, rule=ShareRule(absent("abc", without=["gone"])), endpoints=(ready,))
    assert decide(trial).verdict == Verdict(None, 1400)
    assert decide(replace(trial, endpoints=(ready | {"stray"},))).verdict.pods == ("stray",)
    assert decide(replace(trial, endpoints=(ready - {"b"},))).verdict.pods == ("b",)
    answering = decide(replace(trial, answers=["gone", *"abc" * 900]))
    assert answering.verdict == Verdict(Cause.UNEXPECTED_POD, 2701, decided_at=1, pods=("gone",))


def test_no_ready_pod_at_all_names_every_pod() -> None:
    trial = replace(FAIR, answers=[None] * 50, endpoints=(frozenset(),))
    assert decide(trial).verdict == Verdict(Cause.ENDPOINTS, 50, pods=("a", "b", "c"))


def test_the_causes_are_looked_for_in_their_declared_order() -> None:
    everything_wrong = replace(
        FAIR,
        answers=["stray", None, *"a" * 298],
        discrepancies=("1 attempt has no row: 17",),
        endpoints=(frozenset("ab"),),
    )
    without_stray = replace(everything_wrong, answers=["a", None, *"a" * 298])
    balanced = replace(without_stray, discrepancies=())
    steady = replace(balanced, endpoints=(PODS,))
    lossless = replace(steady, answers="a" * 300)
    in_turn = replace(lossless, answers="abc" * 100, prelude=200)
    drifting = replace(lossless, answers="abc" * 400 + "ab" * 50 + "bc" * 50 + "ca" * 50 + "ab" * 50 + "bc" * 50)
    out_of_turn = replace(in_turn, rule=ShareRule(round_robin("abc")), answers="abcabb")
    moving = replace(lossless, rule=ShareRule(sticky("abc")), answers="abcab", clients="xyzxx", look_every=5)
    fair_but_short = replace(lossless, answers="abc" * 100)
    trials = (
        *(everything_wrong, without_stray, balanced, steady, lossless),
        *(in_turn, drifting, replace(out_of_turn, look_every=6), moving, fair_but_short, FAIR),
    )
    assert [decide(trial).verdict.cause for trial in trials] == [*Cause, None]


def test_books_that_do_not_balance_invalidate_a_pass() -> None:
    trial = replace(FAIR, discrepancies=("2 answered attempts are in no pod's log: 5, 9",))
    assert decide(trial).verdict == Verdict(Cause.UNRECONCILED, 2700)


@pytest.mark.parametrize(("attempts", "connections"), [(0, 0), (99, 0), (250, 200)])
def test_a_sample_that_ends_before_it_decides_is_undecided(attempts: int, connections: int) -> None:
    trial = replace(FAIR, answers=("abc" * 100)[:attempts])
    assert decide(trial).verdict == Verdict(Cause.UNDECIDED, connections)


def test_a_run_that_went_on_for_the_picture_keeps_its_first_decision() -> None:
    judgement = decide(replace(FAIR, answers="a" * 120 + "abc" * 300))
    assert judgement.verdict == Verdict(Cause.SHARES, 100)
    assert [look.connections for look in judgement.looks] == list(range(100, 1100, 100))


def test_looks_come_as_often_as_declared() -> None:
    judgement = decide(replace(FAIR, answers="a" * 120, look_every=50))
    assert judgement.verdict == Verdict(Cause.SHARES, 50)
    assert [look.connections for look in judgement.looks] == [50, 100]


def test_errors_within_the_allowed_ones_are_given_to_the_pods_they_hurt_most() -> None:
    losing = [None if number % 20 == 0 else "abc"[number % 3] for number in range(1, 2401)]
    trial = replace(FAIR, answers=losing, errors_allowed=len(losing))
    assert decide(trial).verdict.word is Word.INCONCLUSIVE
    assert decide(replace(trial, answers=[pod for pod in losing if pod])).verdict.word is Word.PASS
