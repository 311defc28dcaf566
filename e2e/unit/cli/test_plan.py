from pathlib import Path

import pytest

from evenly.cli.plan import Asked, plan
from evenly.errors import EvenlyError
from evenly.judge import plan as fixed
from evenly.judge import planner

pytestmark = pytest.mark.usefixtures("few_runs")


@pytest.fixture
def few_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    for limit, runs in (("EVEN_WORK", 0), ("BIASED_WORK", 0), ("FEWEST_EVEN", 30), ("FEWEST_BIASED", 5)):
        monkeypatch.setattr(planner, limit, runs)


def told(folder: Path, **options: str | int) -> str:
    return "\n".join(plan(Asked(**options), {}, folder))  # type: ignore[arg-type]


def test_a_plan_tells_size_time_and_false_alarms(tmp_path: Path) -> None:
    said = told(tmp_path, rate="4000/s", verdicts=45)
    assert "12,228 connections (3.06 s) are the most" in said
    assert "6,114 connections (1.53 s) would be the size of a fixed test" in said
    assert "gets its share of them, give or take 188." in said
    assert "a pod that is 5 points off 33.3 %, or more, passes at most once in 1,000 runs." in said
    assert "is failed at most once in 1,000,000 runs." in said
    assert "45 verdicts a night, 16,425 a year: at most 0.016 false alarms a year, a chance of 1.6 %." in said


def test_a_plan_lists_what_it_may_miss_up_to_what_it_catches(tmp_path: Path) -> None:
    table = told(tmp_path).partition("points off  less")[2].splitlines()
    rows = [line.split() for line in table[1:6]]
    assert [row[0] for row in rows] == ["1", "2", "3", "4", "5"]
    assert [row[1] for row in rows[:1]] == ["100.0"]
    assert " ".join(rows[4][1:5]) == "at most 0.1 %,"


def test_without_rate_and_verdicts_nothing_is_said_of_time_and_nights(tmp_path: Path) -> None:
    said = told(tmp_path)
    assert " s)" not in said
    assert "night" not in said


def test_declared_shares_are_planned_for_with_half_a_small_share_as_what_is_caught(tmp_path: Path) -> None:
    said = told(tmp_path, shares="55,42, 3%")
    assert "3 pods get their shares, 55.0, 42.0 and 3.0 %." in said
    assert "a pod that is 5 points off 55.0 and 42.0 % or 1.5 points off 3.0 %, or more, passes" in said
    assert "one pod of 3.0 % gets less" in said
    assert "looked at every 200 connections, not every 100:" in said


@pytest.mark.parametrize("delta", ["10pp", "10 pp", "10%", "0.1", ".1", "1e-1"])
def test_a_deviation_can_be_written_in_points_percent_or_as_a_part(delta: str, tmp_path: Path) -> None:
    assert "a pod that is 10 points off 33.3 %" in told(tmp_path, delta=delta)


@pytest.mark.parametrize("rate", ["500", "500/s", "5e2 /s"])
def test_a_rate_is_one_a_second_with_or_without_saying_so(rate: str, tmp_path: Path) -> None:
    assert "12,228 connections (24 s)" in told(tmp_path, rate=rate)


def test_what_is_not_given_is_that_of_a_run_in_the_folder(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.evenly]\ndelta = 0.1\nalpha = 1e-4\n")
    said = told(tmp_path, alpha="1e-3")
    assert "a pod that is 10 points off" in said
    assert "failed at most once in 1,000 runs" in said


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"delta": "5pt"}, "--delta is '5pt'"),
        ({"delta": "-5pp"}, "--delta is '-5pp'"),
        ({"delta": ""}, "--delta is ''"),
        ({"delta": "5"}, "--delta is 5.0"),
        ({"delta": "40pp"}, "--delta is 40 points, and a pod has a share of 33.3 % only"),
        ({"delta": "6pp", "shares": "94,6"}, "--delta is 6 points, and a pod has a share of 6.0 % only"),
        ({"alpha": "0"}, "--alpha is '0'"),
        ({"alpha": "50%"}, "--alpha is 0.5"),
        ({"beta": "never"}, "--beta is 'never'"),
        ({"rate": "4,000/s"}, "--rate is '4,000/s'"),
        ({"rate": "4000/min"}, "--rate is '4000/min'"),
        ({"verdicts": 0}, "--verdicts is 0"),
        ({"pods": 1}, "--pods is 1"),
        ({"pods": 101}, "--pods is 101"),
        ({"shares": "50,30,30"}, "--shares gives 3 pods 110 % together"),
        ({"shares": "100"}, "--shares gives 1 pod 100 % together"),
        ({"shares": "50,,50"}, "--shares is ''"),
        ({"shares": "50,50", "pods": 2}, "--pods and --shares are both given"),
    ],
)
def test_what_cannot_be_planned_for_is_refused_by_name_with_a_remedy(
    options: dict[str, str | int], problem: str, tmp_path: Path
) -> None:
    with pytest.raises(EvenlyError) as refused:
        told(tmp_path, **options)
    assert refused.value.problem.startswith(problem)
    assert refused.value.remedy.startswith("give ")


def test_a_deviation_that_no_load_can_show_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(fixed, "_WIDEST", 100)  # the same end of the search, sooner
    fixed.fixed_plan.cache_clear()
    with pytest.raises(EvenlyError, match=r"0\.01 from a share of 0\.333333 is too small to plan for"):
        told(tmp_path, delta="1pp")
