import json
import secrets
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime, tzinfo
from pathlib import Path

import pytest

from evenly.errors import EvenlyError
from evenly.judge import Word
from evenly.load.client.reconcile import Reconciled
from evenly.progress import Progress
from evenly.report import read_result, render
from evenly.results.schema import TestRecord
from evenly.scenario.run import begin
from unit.factories import simulate


def test_a_run_is_on_disk_from_its_first_moment(tmp_path: Path) -> None:
    run = begin(tmp_path, "make e2e", Progress())
    assert (tmp_path / "latest").resolve() == run.folder.resolve()
    assert (run.folder / "verdict").read_text() == "INVALID\n", "nothing has been judged yet"
    assert read_result(run.folder).command == "make e2e"


def test_a_scenario_is_in_all_reports_as_soon_as_it_is_added(tmp_path: Path) -> None:
    run = begin(tmp_path, "make e2e", Progress())
    run.describe({"Host": "a machine"})
    run.add(simulate().record, Reconciled(rows=(), logged={}, discrepancies=()))
    assert (run.folder / "verdict").read_text() == "PASS\n"
    assert "three_pods_share_evenly" in (run.folder / "report.html").read_text()
    assert json.loads((run.folder / "result.json").read_text())["environment"] == {"Host": "a machine"}


def test_what_took_how_long_is_kept(tmp_path: Path) -> None:
    progress = Progress()
    run = begin(tmp_path, "make e2e", progress)
    with progress.step("create a cluster"):
        pass
    run.write()
    assert [name for name, _ in read_result(run.folder).steps] == ["create a cluster"]


def test_a_folder_that_cannot_be_written_is_named_with_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "reports").write_text("a file, not a folder")
    with pytest.raises(EvenlyError, match=r"reports/.* cannot be written: Not a directory\n.*--reports FOLDER"):
        begin(tmp_path / "reports", "make e2e", Progress())


def test_no_two_runs_share_a_name_not_even_after_the_clock_was_set_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    draws = iter(("aaaa", "aaaa", "aaaa", "bbbb"))
    monkeypatch.setattr(secrets, "token_hex", lambda _: next(draws))
    monkeypatch.setattr("evenly.scenario.run.datetime", _ClockThatIsSetBack)
    first, second = (begin(tmp_path, "make e2e", Progress()) for _ in range(2))
    assert [first.run_id, second.run_id] == ["2026-11-24T0214-aaaa", "2026-11-24T0214-bbbb"]
    assert (tmp_path / "latest").readlink() == Path(second.run_id)


class _ClockThatIsSetBack(datetime):
    """Shows the same time again and again."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> "_ClockThatIsSetBack":
        return cls(2026, 11, 24, 2, 14, tzinfo=tz)


NOTHING = Reconciled(rows=(), logged={}, discrepancies=())
Fill = Callable[[int], AbstractContextManager[None]]


@pytest.mark.parametrize(("file", "room"), [("samples.csv.gz", 50), ("result.json", 500), ("report.html", 20_000)])
def test_a_disk_that_fills_up_costs_no_file_that_was_there_and_the_verdict_is_told(
    tmp_path: Path, disk_that_fills_up: Fill, file: str, room: int
) -> None:
    run = begin(tmp_path, "make e2e", Progress())
    scenario = simulate(weights=[1, 1, 0]).record
    before = {path.name: path.read_bytes() for path in run.folder.iterdir() if path.is_file()}
    with disk_that_fills_up(room), pytest.raises(EvenlyError) as error:
        run.add(scenario, NOTHING)
    told, _, _ = error.value.problem.partition(": ")
    assert told == "three_pods_share_evenly ended with FAIL (shares), but that could not be recorded"
    assert error.value.problem.endswith(f"{run.folder / file} cannot be written: File too large")
    assert run.recorded == (scenario not in run.record.scenarios), "what the record holds, the reports tell"
    assert [path.name for path in run.folder.iterdir() if path.name.endswith(".new")] == []
    assert (run.folder / file).read_bytes() == before[file] if file in before else not (run.folder / file).exists()
    render(run.folder)
    run.write()
    assert run.recorded, "there is room again"


def test_a_link_to_the_latest_run_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "latest" / "a folder of somebody's").mkdir(parents=True)
    with pytest.raises(EvenlyError, match="latest cannot be written: "):
        begin(tmp_path, "make e2e", Progress())
    assert list(tmp_path.glob(".latest*")) == []


def test_a_test_that_could_not_tell_makes_the_run_invalid_unless_another_failed(tmp_path: Path) -> None:
    run = begin(tmp_path, "make e2e", Progress())
    run.add(simulate().record, NOTHING)
    assert run.record.word == "PASS"
    for _ in range(2):
        run.note_error("e2e/test_spread.py::test_other", EvenlyError("Locust has gone", "start it again"))
    run.write()
    assert (run.folder / "verdict").read_text() == "INVALID\n"
    assert [error.problem for error in read_result(run.folder).errors] == ["Locust has gone"]
    assert run.report.whole.lines[0] == "INVALID: This run cannot tell. test_other ended in an error."
    assert run.report.whole.lines[1] == "One scenario judged: one passed and one test ended in an error."
    assert "Why? Locust has gone." in run.report.whole.lines
    assert "What to do? Start it again. Then run again:" in run.report.whole.lines
    run.add(simulate(name="uneven", weights=[1, 1, 0]).record, NOTHING)
    assert (run.folder / "verdict").read_text() == "FAIL\n"
    assert "one test ended in an error" in run.report.whole.lines[1]


@pytest.mark.parametrize(("attempts", "discrepancies", "word"), [(200, (), "INCONCLUSIVE"), (None, ("odd",), "INVALID")])
def test_a_failed_assertion_on_a_load_without_a_verdict_fails_nothing(
    tmp_path: Path, attempts: int | None, discrepancies: tuple[str, ...], word: str
) -> None:
    run = begin(tmp_path, "make e2e", Progress())
    scenario = simulate(attempts=attempts, discrepancies=discrepancies).record
    run.add(scenario, NOTHING)
    run.note_test(TestRecord(scenario.test, (1,), scenario.claim, Word.FAIL, 4.0, (), problem="INCONCLUSIVE == PASS"))
    run.write()
    assert (run.folder / "verdict").read_text() == f"{word}\n"
    assert [test.word for test in run.record.tests] == [word]


def test_a_failed_assertion_after_a_load_that_passed_fails_the_run(tmp_path: Path) -> None:
    run = begin(tmp_path, "make e2e", Progress())
    scenario = simulate().record
    run.add(scenario, NOTHING)
    run.note_test(TestRecord(scenario.test, (1,), scenario.claim, Word.FAIL, 4.0, (), problem="2 pods were named"))
    run.write()
    assert run.report.whole.lines[0] == "FAIL: No. three_pods_share_evenly did not see what it claims."
    assert "2 pods were named" in "\n".join(run.report.whole.lines)
    assert 'message="2 pods were named"' in (run.folder / "junit.xml").read_text()
