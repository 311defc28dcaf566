from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from evenly import FAIL, INCONCLUSIVE, INVALID, PASS, Cause, EvenlyError
from evenly.judge import Verdict, Word
from evenly.pytest_plugin.plugin import pytest_assertrepr_compare
from evenly.scenario.outcome import Outcome
from unit.factories import simulate


@pytest.fixture
def outcome() -> Callable[..., Outcome]:
    made = simulate().record

    def ended(cause: Cause | None, *pods: str) -> Outcome:
        record = replace(made, verdict=Verdict(cause, 100, pods=pods))
        return Outcome(record, "No. One pod got none.\nHow sure? Certain.", Path("reports/x/report.html"))

    return ended


@pytest.mark.parametrize(
    ("cause", "word"),
    [(None, PASS), (Cause.SHARES, FAIL), (Cause.UNDECIDED, INCONCLUSIVE), (Cause.UNRECONCILED, INVALID)],
)
def test_an_outcome_equals_its_word_and_no_other(outcome: Callable[..., Outcome], cause: Cause | None, word: Word) -> None:
    assert [other for other in Word if outcome(cause) == other] == [word]


def test_an_outcome_names_the_pods_that_its_cause_is_about(outcome: Callable[..., Outcome]) -> None:
    assert outcome(Cause.ENDPOINTS, "uid-1").named == ("backend-app-6d5f9c7b8d-q8zcd",)


def test_a_failed_assertion_explains_itself_and_names_the_report(outcome: Callable[..., Outcome]) -> None:
    assert pytest_assertrepr_compare("==", outcome(Cause.SHARES), PASS) == [
        "FAIL (shares) == PASS",
        "No. One pod got none.",
        "How sure? Certain.",
        "Report: reports/x/report.html",
    ]


def test_other_assertions_are_left_alone(outcome: Callable[..., Outcome]) -> None:
    assert pytest_assertrepr_compare("==", 1, PASS) is None
    assert pytest_assertrepr_compare("==", outcome(None), "PASS") is None


def test_an_outcome_is_neither_true_nor_false(outcome: Callable[..., Outcome]) -> None:
    with pytest.raises(EvenlyError, match=r"neither true nor false\n.*compare it: assert outcome == PASS"):
        assert outcome(None)
