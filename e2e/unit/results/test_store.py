"""result.json holds the whole record, and what is not one is refused with a remedy."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from evenly.errors import EvenlyError
from evenly.judge import Cause
from evenly.report import read_result, render, write_result
from evenly.results.schema import LookRecord
from unit.factories import RunOf, simulate


def test_what_was_written_is_read_back_equal(run_of: RunOf, tmp_path: Path) -> None:
    run = read_result(run_of(simulate(), simulate(name="control", control=Cause.SHARES, weights=[0, 1, 0])))
    write_result(tmp_path, run)
    assert read_result(tmp_path) == run


def test_a_record_from_before_tests_were_kept_still_reads_and_renders(run_of: RunOf) -> None:
    folder = run_of(simulate())
    _edit(folder, lambda tree: tree.pop("tests"))
    assert read_result(folder).tests == ()
    assert render(folder).whole.mark.value == "PASS"


def test_causes_and_absent_values_are_plain_json(run_of: RunOf) -> None:
    folder = run_of(simulate(), simulate(name="control", control=Cause.UNEXPECTED_POD))
    first, second = json.loads((folder / "result.json").read_text())["scenarios"]
    assert first["control"] is None
    assert second["control"] == "unexpected pod"
    assert first["rule"]["shares"] == {"uid-0": 1 / 3, "uid-1": 1 / 3, "uid-2": 1 / 3}


def test_an_infinite_tally_survives_though_json_has_no_infinity(run_of: RunOf, tmp_path: Path) -> None:
    run = read_result(run_of(simulate()))
    look = LookRecord(100, float("-inf"), float("inf"))
    run = replace(run, scenarios=(replace(run.scenarios[0], looks=(look,)),))
    json.loads(write_result(tmp_path, run).read_text(), parse_constant=pytest.fail)
    assert read_result(tmp_path).scenarios[0].looks == (look,)


def test_a_whole_number_is_read_where_a_fraction_may_stand(run_of: RunOf) -> None:
    folder = run_of(simulate())
    _edit(folder, lambda tree: tree["scenarios"][0].update(seconds=3))
    assert read_result(folder).scenarios[0].seconds == pytest.approx(3.0)


@pytest.mark.parametrize("version", [0, 2, "1", None])
def test_a_record_of_another_version_is_refused(run_of: RunOf, version: object) -> None:
    folder = run_of(simulate())
    _edit(folder, lambda tree: tree.update(schema_version=version))
    with pytest.raises(EvenlyError, match=f"has schema version {version}; this evenly reads version 1") as error:
        read_result(folder)
    assert "version of evenly that wrote it" in error.value.remedy


@pytest.mark.parametrize(
    ("edit", "named"),
    [
        (lambda tree: tree.pop("command"), "run lacks or does not know command"),
        (lambda tree: tree.update(colour="red"), "run lacks or does not know colour"),
        (
            lambda tree: tree["scenarios"][0]["load"].update(clients="20"),
            r"run\.scenarios\[0\]\.load\.clients is str, expected int",
        ),
        (lambda tree: tree["scenarios"][0].update(converged=1), r"run\.scenarios\[0\]\.converged is int, expected bool"),
        (lambda tree: tree["scenarios"][0].update(control="bad luck"), "'bad luck' is not a valid Cause"),
        (lambda tree: tree.update(steps=[["cluster"]]), "shorter"),
        (lambda tree: tree.update(scenarios={}), r"run\.scenarios is dict, expected list"),
    ],
)
def test_a_damaged_record_is_named_with_the_place(run_of: RunOf, edit: Callable[[dict[str, Any]], object], named: str) -> None:
    folder = run_of(simulate())
    _edit(folder, edit)
    with pytest.raises(EvenlyError, match=rf"result\.json is damaged: .*{named}"):
        read_result(folder)


@pytest.mark.parametrize("content", [b"", b'{"schema_version": 1', b"\xff\xfe", b"[]"])
def test_a_file_that_is_no_record_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "result.json").write_bytes(content)
    with pytest.raises(EvenlyError, match=r"result\.json"):
        read_result(tmp_path)


def test_a_folder_without_a_record_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EvenlyError, match=r"result\.json cannot be read \(No such file"):
        read_result(tmp_path)


def test_a_record_that_cannot_be_written_leaves_the_old_one(run_of: RunOf, tmp_path: Path) -> None:
    run = read_result(run_of(simulate()))
    before = write_result(tmp_path, run).read_bytes()
    unwritable: Any = object()
    with pytest.raises(TypeError):
        write_result(tmp_path, replace(run, command=unwritable))
    assert (tmp_path / "result.json").read_bytes() == before
    assert [path.name for path in tmp_path.glob(".*")] == []


def _edit(folder: Path, edit: Callable[[dict[str, Any]], object]) -> None:
    path = folder / "result.json"
    tree = json.loads(path.read_text())
    edit(tree)
    path.write_text(json.dumps(tree))
