from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from evenly import cli
from evenly.cluster.doctor import Diagnosis, Group
from evenly.cluster.requirements import Requirement


def test_a_report_is_rebuilt_from_its_records(run_of: Callable[..., Path], simulate: Callable[..., Any]) -> None:
    folder = run_of(simulate())
    result = CliRunner().invoke(cli.commands, ["report", str(folder)])
    assert result.stdout.strip() == str(folder / "report.html")
    assert (folder / "verdict").read_text() == "PASS\n"


def test_a_run_is_told_in_plain_words(run_of: Callable[..., Path], simulate: Callable[..., Any]) -> None:
    result = CliRunner().invoke(cli.commands, ["show", str(run_of(simulate()))])
    assert result.stdout.startswith("PASS: Yes. Traffic is even over the 3 pods.\n")


def test_a_folder_without_a_record_ends_in_one_clear_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr("sys.argv", ["evenly", "report", str(tmp_path)])
    with pytest.raises(SystemExit) as ended:
        cli.app()
    assert ended.value.code == 11
    said = capsys.readouterr().err
    assert said.startswith(f"evenly: {tmp_path / 'result.json'} cannot be read")
    assert "What to do: name the folder of a finished run" in said


def test_down_with_cache_removes_the_cache_and_nothing_beside_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("EVENLY_CACHE", str(tmp_path / "cache"))
    (tmp_path / "mine.txt").write_text("keep me")
    assert CliRunner().invoke(cli.commands, ["down", "--cache"]).exit_code == 0
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_folder_that_is_no_cache_of_ours_is_not_cleared(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "mine.txt").write_text("keep me")
    monkeypatch.setenv("EVENLY_CACHE", str(tmp_path))
    monkeypatch.setattr("sys.argv", ["evenly", "down", "--cache"])
    with pytest.raises(SystemExit):
        cli.app()
    assert "holds other things than evenly's cache" in capsys.readouterr().err
    assert (tmp_path / "mine.txt").read_text() == "keep me"


@pytest.mark.parametrize(("met", "exit_code"), [(True, 0), (False, 11)])
def test_the_doctor_tells_each_finding_and_ends_with_the_way(
    monkeypatch: pytest.MonkeyPatch, *, met: bool, exit_code: int
) -> None:
    root = Requirement("root", "as [found]", met=met, remedy="be root")
    diagnosis = Diagnosis((Group("Engine", "it", (root,)),), possible=met, conclusion="It would use it.")
    monkeypatch.setattr(cli, "diagnose", lambda *_: diagnosis)
    result = CliRunner().invoke(cli.commands, ["doctor"])
    assert result.exit_code == exit_code
    first, *lines = result.stdout.splitlines()
    assert first == "ok is there, -- is lacking, ?? cannot be told without trying"
    assert lines == ["", "Engine", *(f"  {line}" for line in root.lines), "", "It would use it."]
