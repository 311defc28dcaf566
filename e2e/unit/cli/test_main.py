from pathlib import Path

import pytest
from typer.testing import CliRunner

from evenly import limits
from evenly.cli import doctor, main
from evenly.cli.doctor import Diagnosis, Group
from evenly.cluster.host.requirements import Requirement
from evenly.judge import planner
from unit.factories import RunOf, simulate


def test_a_report_is_rebuilt_from_its_records(run_of: RunOf) -> None:
    folder = run_of(simulate())
    result = CliRunner().invoke(main.commands, ["report", str(folder)])
    assert result.stdout.strip() == str(folder / "report.html")
    assert (folder / "verdict").read_text() == "PASS\n"


def test_a_run_is_told_in_plain_words(run_of: RunOf) -> None:
    result = CliRunner().invoke(main.commands, ["show", str(run_of(simulate()))])
    assert result.stdout.startswith("PASS: Yes. Traffic is even over the 3 pods.\n")


def test_a_folder_without_a_record_ends_in_one_clear_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr("sys.argv", ["evenly", "report", str(tmp_path)])
    with pytest.raises(SystemExit) as ended:
        main.app()
    assert ended.value.code == 11
    said = capsys.readouterr().err
    assert said.startswith(f"evenly: {tmp_path / 'result.json'} cannot be read")
    assert "What to do: name the folder of a finished run" in said


def test_a_command_has_the_patience_that_the_environment_sets(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    factors: list[float] = []
    monkeypatch.setattr(limits, "be_patient", factors.append)
    monkeypatch.setenv("EVENLY_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("EVENLY_PATIENCE", "3")
    assert CliRunner().invoke(main.commands, ["down"]).exit_code == 0
    assert factors == [3]


def test_down_with_cache_removes_the_cache_and_nothing_beside_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("EVENLY_CACHE", str(tmp_path / "cache"))
    (tmp_path / "mine.txt").write_text("keep me")
    assert CliRunner().invoke(main.commands, ["down", "--cache"]).exit_code == 0
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_folder_that_is_no_cache_of_ours_is_not_cleared(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "mine.txt").write_text("keep me")
    monkeypatch.setenv("EVENLY_CACHE", str(tmp_path))
    monkeypatch.setattr("sys.argv", ["evenly", "down", "--cache"])
    with pytest.raises(SystemExit):
        main.app()
    assert "holds other things than evenly's cache" in capsys.readouterr().err
    assert (tmp_path / "mine.txt").read_text() == "keep me"


@pytest.mark.parametrize(("met", "exit_code"), [(True, 0), (False, 11)])
def test_the_doctor_tells_each_finding_and_ends_with_the_way(
    monkeypatch: pytest.MonkeyPatch, *, met: bool, exit_code: int
) -> None:
    root = Requirement("root", "as [found]", met=met, remedy="be root")
    diagnosis = Diagnosis((Group("Engine", "it", (root,)),), possible=met, conclusion="It would use it.")
    monkeypatch.setattr(doctor, "diagnose", lambda *_: diagnosis)
    result = CliRunner().invoke(main.commands, ["doctor"])
    assert result.exit_code == exit_code
    first, *lines = result.stdout.splitlines()
    assert first == "ok is there, -- is lacking, ?? cannot be told without trying"
    assert lines == ["", "Engine", *(f"  {line}" for line in root.lines), "", "It would use it."]


def test_a_plan_is_printed_with_the_options_that_were_typed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(planner, "EVEN_WORK", 0)
    monkeypatch.setattr(planner, "BIASED_WORK", 0)
    typed = "plan --shares 60,40 --delta 20pp --alpha 1e-3 --beta 1% --rate 100/s --verdicts 2"
    said = CliRunner().invoke(main.commands, typed.split()).stdout
    assert "2 pods get their shares, 60.0 and 40.0 %." in said
    assert "20 points off 60.0 and 40.0 %, or more, passes at most once in 100 runs." in said
    assert "failed at most once in 1,000 runs." in said
    assert "2 verdicts a night" in said
    assert " s)" in said


def test_a_plan_that_cannot_be_made_ends_in_one_clear_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["evenly", "plan", "--delta", "5pt"])
    with pytest.raises(SystemExit) as ended:
        main.app()
    assert ended.value.code == 11
    assert capsys.readouterr().err.startswith("evenly: --delta is '5pt'\n  What to do: give a number above 0")
