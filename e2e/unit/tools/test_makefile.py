"""Setting up .venv works, or says in a few lines what is missing, and leaves no half of it."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
OLD = "case $1 in -c) exit 1;; esac"
VENV_MISSING = """\
case $1 in
-c) exit 0 ;;
-m) mkdir -p .venv/bin; echo "The virtual environment was not created: ensurepip is not available." >&2; exit 1 ;;
esac
"""
WITH_PIP = """\
case $1 in
-c) exit 0 ;;
-m) mkdir -p .venv/bin; printf '#!/bin/sh\\n%s\\n' '{pip}' > .venv/bin/pip; chmod +x .venv/bin/pip ;;
esac
"""
BROKEN_OFF = 'echo "ERROR: Could not install packages: ConnectionError, connection broken" >&2; exit 1'


@pytest.fixture
def make(tmp_path: Path) -> Callable[[str], subprocess.CompletedProcess[str]]:
    """Return what makes .venv with a script in the place of Python, in a folder of its own."""
    for name in ("Makefile", "requirements.lock", "pyproject.toml"):
        shutil.copy2(ROOT / name, tmp_path)

    def run(python: str) -> subprocess.CompletedProcess[str]:
        program = tmp_path / "python"
        program.write_text(f"#!/bin/sh\n{python}\n")
        program.chmod(0o755)
        command = ["make", "--silent", ".venv/ready", f"PYTHON={program}"]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    return run


def test_venv_is_ready_when_all_went_well(make: Callable[[str], subprocess.CompletedProcess[str]], tmp_path: Path) -> None:
    assert make(WITH_PIP.format(pip="exit 0")).returncode == 0
    assert (tmp_path / ".venv" / "ready").exists()


@pytest.mark.parametrize(
    ("python", "told"),
    [
        (OLD, ["is not Python 3.11 or newer", "PYTHON=python3.12"]),
        ("exit 127", ["is not Python 3.11 or newer", "PYTHON=python3.12"]),
        (VENV_MISSING, ["ensurepip is not available", "cannot make .venv", "apt install python3-venv"]),
        (WITH_PIP.format(pip=BROKEN_OFF), ["connection broken", "pip could not install", "check the network"]),
    ],
    ids=["old", "missing", "without venv", "download broken off"],
)
def test_what_is_missing_is_told_with_the_remedy_and_no_half_venv_is_left(
    make: Callable[[str], subprocess.CompletedProcess[str]], tmp_path: Path, python: str, told: list[str]
) -> None:
    made = make(python)
    assert made.returncode == 2
    assert [words for words in told if words not in made.stderr] == []
    assert len(made.stderr.splitlines()) <= 6
    assert not (tmp_path / ".venv").exists()


@pytest.mark.parametrize(("version", "code"), [("(3, 10, 14)", 1), ("(3, 11)", 0), ("(3, 14)", 0)])
def test_the_makefile_asks_for_the_version_that_the_package_does(version: str, code: int) -> None:
    [question] = [line.split("'")[1] for line in (ROOT / "Makefile").read_text().splitlines() if "version_info" in line]
    pretended = question.replace("sys.version_info", version)
    assert subprocess.run([sys.executable, "-c", pretended], check=False).returncode == code
    assert 'requires-python = ">=3.11"' in (ROOT / "pyproject.toml").read_text()
