"""GitHub's workflows are valid, says actionlint: their syntax, expressions, jobs and inputs of actions. Needs Go or PyPI."""

import os
from pathlib import Path

import pytest

from evenly.cluster.cache.cache import Cache
from evenly.offline.compiler import toolchain
from evenly.process import run
from evenly.settings import load

VERSION = "v1.7.12"
PROGRAM = "github.com/rhysd/actionlint/cmd/actionlint"
CHECK_LIMIT_S = 30.0

WORKFLOWS = sorted(Path(".github/workflows").iterdir())


@pytest.fixture(scope="session")
def actionlint() -> Path:
    cache = Cache(load({}, os.environ, Path.cwd()).cache)

    made = cache.entry("actionlint", [VERSION], lambda folder: toolchain.install(cache, f"{PROGRAM}@{VERSION}", folder))
    return made / "actionlint"


def complaints(actionlint: Path, workflow: Path) -> str:
    found_some = 1  # its exit code then; any other one says that it could not check
    return run(
        *("sh", "-c", f'"$@" || test $? -eq {found_some}', "sh"),
        *(actionlint, "-no-color", "-shellcheck=", "-pyflakes=", workflow),  # not what this machine happens to have
        timeout_s=CHECK_LIMIT_S,
    )


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_actionlint_has_nothing_to_say(actionlint: Path, workflow: Path) -> None:
    assert not complaints(actionlint, workflow)


@pytest.mark.parametrize(
    ("right", "wrong", "complaint"),
    [
        ("${{ matrix.proxy-mode }}", "${{ github.nosuch }}", 'property "nosuch" is not defined'),
        ("    runs-on:", "    needs: nosuch\n    runs-on:", 'needs job "nosuch" which does not exist'),
    ],
    ids=["expression", "job"],
)
def test_a_spoilt_workflow_is_reported_with_its_name(
    actionlint: Path, tmp_path: Path, right: str, wrong: str, complaint: str
) -> None:
    spoilt = tmp_path / "spoilt.yml"
    spoilt.write_text(Path(".github/workflows/nightly.yml").read_text().replace(right, wrong))
    said = complaints(actionlint, spoilt)
    assert "spoilt.yml:" in said
    assert complaint in said
