from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from evenly import cli


def test_a_report_is_rebuilt_from_its_records(run_of: Callable[..., Path], simulate: Callable[..., Any]) -> None:
    folder = run_of(simulate())
    result = CliRunner().invoke(cli.commands, ["report", str(folder)])
    assert result.stdout.strip() == str(folder / "report.html")
    assert (folder / "verdict").read_text() == "PASS\n"


def test_a_run_is_told_in_plain_words(run_of: Callable[..., Path], simulate: Callable[..., Any]) -> None:
    result = CliRunner().invoke(cli.commands, ["show", str(run_of(simulate()))])
    assert result.stdout.startswith("PASS: Yes. Traffic is even over the 3 pods.\n")


def test_a_folder_without_a_record_ends_in_one_clear_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("sys.argv", ["evenly", "report", str(tmp_path)])
    with pytest.raises(SystemExit) as ended:
        cli.app()
    assert str(ended.value).startswith(f"evenly: {tmp_path / 'result.json'} cannot be read")
    assert "What to do: name the folder of a finished run" in str(ended.value)


def test_down_with_cache_removes_the_cache_and_nothing_beside_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("EVENLY_CACHE", str(tmp_path / "cache"))
    (tmp_path / "mine.txt").write_text("keep me")
    assert CliRunner().invoke(cli.commands, ["down", "--cache"]).exit_code == 0
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_folder_that_is_no_cache_of_ours_is_not_cleared(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("keep me")
    monkeypatch.setenv("EVENLY_CACHE", str(tmp_path))
    monkeypatch.setattr("sys.argv", ["evenly", "down", "--cache"])
    with pytest.raises(SystemExit, match="holds other things than evenly's cache"):
        cli.app()
    assert (tmp_path / "mine.txt").read_text() == "keep me"
