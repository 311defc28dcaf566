"""A load over changes of its pods: which attempts belong to which set of pods, and what decides over all."""

import random
from collections.abc import Sequence
from dataclasses import replace

import pytest

from evenly.judge import Cause, Word, uniform
from evenly.k8s.endpoints import Reading
from evenly.k8s.pods import Pod
from evenly.k8s.services import Spec
from evenly.load.answer import ErrorKind
from evenly.load.client.reconcile import Reconciled
from evenly.load.plan import LoadPlan, Stopped, Summary
from evenly.load.rows import Row
from evenly.scenario.epochs import Change, changed_record, split_into_epochs
from evenly.scenario.record import Observed, Scenario, Setting
from unit.factories import pod

RATE_PER_S = 500
MS = 1_000_000
PLAN = LoadPlan.lasting("run.1", uniform("abc"), rate_per_s=RATE_PER_S, limit_s=60)


def pods(uids: str) -> tuple[Pod, ...]:
    return tuple(map(pod, uids))


def rows(answers: Sequence[str | None], late_ms: int = 0) -> tuple[Row, ...]:
    """Attempts at the rate, two milliseconds apart, each ``late_ms`` behind; None was never connected."""
    return tuple(
        Row(n, n * 2000 - 2000, late_ms * 1000 + 90, 500, "p", uid, "w", n, 1, "c", None)
        if uid
        else Row(n, n * 2000 - 2000, None, None, "", "", "", 0, 0, "", ErrorKind.CONNECT_TIMEOUT)
        for n, uid in enumerate(answers, 1)
    )


def drawn(uids: str, number: int) -> list[str | None]:
    return list(random.Random(7).choices(uids, k=number))  # noqa: S311 - a draw, not a secret


def change(name: str, at_ms: int, uids: str) -> Change:
    return Change(name, at_ms * MS, at_ms * MS, pods(uids))


BEGUN = change("", 0, "abc")
GROWN = change("scale to 5", 8000, "abcde")
SPEC = Spec("None", "Cluster", {"app": "backend-app"}, ())
ANSWERS = drawn("abc", 4000) + drawn("abcde", 4000)


def observed(answers: Sequence[str | None], endpoints: Sequence[Reading] = (), *discrepancies: str) -> Observed:
    return Observed(
        scenario=Scenario("grow", "test_changes.py::test_grow", "Grow."),
        setting=Setting("spring-service", "ns", (), "127.0.0.1:30000", "node", 20, "l.py", True, SPEC),  # noqa: FBT003
        expected=pods("abcde"),
        pods_afterwards=pods("abcde"),
        endpoints=tuple(endpoints),
        summary=Summary(len(answers), 0, 16.0, 1.0, 0, Stopped.INTERRUPTED, "2.47.0", t0_ns=0),
        reconciled=Reconciled(rows(answers), {}, discrepancies, unread={"a": 3}),
        evidence=(),
    )


def test_each_set_of_pods_is_judged_by_its_own_attempts() -> None:
    before, after = split_into_epochs(rows(ANSWERS), 0, [BEGUN, GROWN], PLAN)
    assert [before.cause, after.cause] == [None, None]
    assert before.epoch.sample.stop == after.epoch.transition.start == 4001
    assert {row.uid for row in before.sample} == set("abc")


def test_an_attempt_that_started_late_belongs_to_the_pods_that_were_there_then() -> None:
    for late_ms in (0, 1000):
        _, after = split_into_epochs(rows(ANSWERS, late_ms), 0, [BEGUN, replace(GROWN, asked_ns=(8000 + late_ms) * MS)], PLAN)
        assert after.epoch.transition.start == 4001


def test_one_connection_that_took_long_does_not_make_the_others_late() -> None:
    some = list(rows(ANSWERS))
    some[3989] = some[3989]._replace(connect_us=3_000_000)
    _, after = split_into_epochs(some, 0, [BEGUN, GROWN], PLAN)
    assert after.epoch.transition.start == 4001


@pytest.mark.parametrize("number", [1, 3990, 8000])
def test_an_attempt_without_a_connection_keeps_its_place(number: int) -> None:
    answers = [*ANSWERS[: number - 1], None, *ANSWERS[number:]]
    _, after = split_into_epochs(rows(answers), 0, [BEGUN, GROWN], PLAN)
    assert after.epoch.transition.start == 4001


def test_a_record_shows_the_last_set_of_pods_where_all_are_even() -> None:
    record = changed_record(observed(ANSWERS), [BEGUN, GROWN], PLAN, None, 20.0)
    assert record.verdict.cause is None
    assert [(epoch.change, epoch.word, epoch.judged) for epoch in record.epochs] == [
        ("", Word.PASS, False),
        ("scale to 5", Word.PASS, True),
    ]
    last = record.epochs[-1]
    assert record.judged == range(last.first, 8001)
    assert set(record.rule.shares) == set("abcde")
    assert sum(last.counts.values()) == last.last - last.first + 1
    assert last.fair_after_s == pytest.approx(2e-3 * (last.first - 4001), abs=0.003)
    assert last.settled_s is not None
    assert last.even_s is not None
    assert last.settled_s < last.even_s < last.to_s
    assert (record.unread, record.lost) == ({"a": 3}, 0)


def test_new_pods_that_get_too_little_are_a_fail_and_shown() -> None:
    record = changed_record(observed(drawn("abc", 4000) + drawn("aabbccde", 4000)), [BEGUN, GROWN], PLAN, None, 20.0)
    assert record.verdict.cause is Cause.SHARES
    assert record.epochs[1].judged


def test_new_pods_that_get_nothing_never_come_to_a_fair_share() -> None:
    record = changed_record(observed(drawn("abc", 8000)), [BEGUN, GROWN], PLAN, None, 20.0)
    assert record.verdict.cause is Cause.UNDECIDED
    assert (record.epochs[1].settled_s, record.epochs[1].fair_after_s, record.epochs[1].counts) == (None, None, {})


def test_what_a_change_loses_is_its_own_and_fails_beyond_what_was_allowed() -> None:
    answers = [*ANSWERS[:4000], *[None, "a"] * 50, *ANSWERS[4000:]]
    allowed = replace(PLAN, errors_allowed=50)
    kept = changed_record(observed(answers), [BEGUN, GROWN], allowed, None, 20.0)
    assert kept.verdict.cause is None
    assert [epoch.lost for epoch in kept.epochs] == [{}, {"time-out in connect": 50}]
    failed = changed_record(observed(answers), [BEGUN, GROWN], replace(PLAN, errors_allowed=49), None, 20.0)
    assert (failed.verdict.cause, failed.verdict.decided_at, failed.judged) == (Cause.ERRORS, 4099, None)
    assert sum(failed.rule.shares.values()) == pytest.approx(1)


def test_what_was_lost_and_stands_in_a_log_had_reached_that_pod() -> None:
    answers = [*ANSWERS[:4000], None, None, *ANSWERS[4000:]]
    seen = observed(answers)
    logged = {1: ("a",), 4001: ("c",)}  # the first was answered, and 4002 has come nowhere
    record = changed_record(replace(seen, reconciled=replace(seen.reconciled, logged=logged)), [BEGUN, GROWN], PLAN, None, 20.0)
    assert [epoch.lost_by for epoch in record.epochs] == [{}, {"c": 1}]
    assert record.epochs[1].lost == {"time-out in connect": 2}


def test_who_was_never_expected_is_unexpected_and_who_was_before_is_not() -> None:
    shrunk = change("scale to 2", 8000, "ab")
    answers = drawn("abc", 4000) + drawn("abc", 200) + drawn("ab", 4000)
    assert changed_record(observed(answers), [BEGUN, shrunk], PLAN, None, 20.0).verdict.cause is None
    answers[4100] = "z"
    found = changed_record(observed(answers), [BEGUN, shrunk], PLAN, None, 20.0).verdict
    assert (found.cause, found.decided_at, found.pods) == (Cause.UNEXPECTED_POD, 4101, ("z",))


def test_books_that_do_not_balance_decide_over_all() -> None:
    record = changed_record(observed(ANSWERS, (), "1 attempt is lost"), [BEGUN, GROWN], PLAN, None, 20.0)
    assert record.verdict.cause is Cause.UNRECONCILED


def test_endpoints_may_change_in_a_transition_and_not_in_a_sample() -> None:
    three, five = frozenset("abc"), frozenset("abcde")
    as_declared = [Reading(-1, three), Reading(8000 * MS, frozenset("abcd")), Reading(8001 * MS, five)]
    assert changed_record(observed(ANSWERS, as_declared), [BEGUN, GROWN], PLAN, None, 20.0).verdict.cause is None
    flapped = [*as_declared, Reading(12_000 * MS, three), Reading(12_100 * MS, five)]
    verdict = changed_record(observed(ANSWERS, flapped), [BEGUN, GROWN], PLAN, None, 20.0).verdict
    assert (verdict.cause, verdict.pods) == (Cause.ENDPOINTS, ("d", "e"))


def test_of_changes_between_the_same_two_attempts_only_the_last_has_an_epoch() -> None:
    begun = change("", 0, "abc")
    at_once = change("the endpoints changed", -5, "abd")
    (part,) = split_into_epochs(rows(drawn("abd", 6000)), 0, [begun, at_once], PLAN)
    assert (part.made, part.cause) == (at_once, None)


def test_a_pod_that_was_an_endpoint_only_meanwhile_is_no_stray_and_in_no_sample() -> None:
    grown = replace(change("the endpoints changed", 2000, "abc"), passing=pods("d"))
    answers = drawn("abc", 1000) + drawn("abcd", 200) + drawn("abc", 6000)
    _, after = split_into_epochs(rows(answers), 0, [change("", 0, "abc"), grown], PLAN)
    assert after.cause is None
    assert "d" not in {row.uid for row in after.sample}
