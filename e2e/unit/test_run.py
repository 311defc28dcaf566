import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from evenly.errors import EvenlyError
from evenly.load.ledger import Books
from evenly.progress import Progress
from evenly.report import read_result
from evenly.run import begin


def test_a_run_is_on_disk_from_its_first_moment(tmp_path: Path) -> None:
    run = begin(tmp_path, "make e2e", Progress())
    assert (tmp_path / "latest").resolve() == run.folder.resolve()
    assert (run.folder / "verdict").read_text() == "INVALID\n", "nothing has been judged yet"
    assert read_result(run.folder).command == "make e2e"


def test_a_scenario_is_in_all_reports_as_soon_as_it_is_added(tmp_path: Path, simulate: Callable[..., Any]) -> None:
    run = begin(tmp_path, "make e2e", Progress())
    run.describe({"Host": "a machine"})
    run.add(simulate().record, Books(rows=(), logged={}, discrepancies=()))
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
    with pytest.raises(EvenlyError, match=r"cannot be made: .*\n.*--reports FOLDER"):
        begin(tmp_path / "reports", "make e2e", Progress())
