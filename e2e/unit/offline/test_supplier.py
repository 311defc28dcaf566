"""A run without Docker is told what a private one lacks; and a program is compiled where it cannot be downloaded."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from evenly.cluster import engine_choice
from evenly.cluster.cache.cache import Cache
from evenly.cluster.host.requirements import LackingError
from evenly.errors import EvenlyError
from evenly.offline.compiler import toolchain
from evenly.offline.supplier import OfflineSupplier
from evenly.progress import Progress

if TYPE_CHECKING:
    from pathlib import Path

    from unit.fakes import Machine


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache")


def test_a_docker_command_without_an_engine_is_not_taken_for_one(machine: Machine, cache: Cache) -> None:
    machine.becomes("down")
    with pytest.raises(EvenlyError) as caught:  # this machine's PATH leads to no apt-get
        engine_choice.find(cache, Progress(), OfflineSupplier())
    assert "--  Docker: Cannot connect to the Docker daemon" in caught.value.problem
    assert "--  Debian: there is no apt-get and no dpkg: this is no Debian" in caught.value.problem
    assert "--context" in caught.value.remedy


def test_a_private_engine_needs_root(machine: Machine, cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    machine.becomes("down")
    for name in ("apt-get", "dpkg"):
        machine.runs(name, "")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(LackingError, match=r"--  root: this is user id 1000\n +run as root") as caught:
        engine_choice.find(cache, Progress(), OfflineSupplier())
    assert "Debian" not in caught.value.problem  # it is there


def test_a_program_is_compiled_into_its_folder_and_nothing_else_is_left(
    machine: Machine, cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    # what `go install` leaves; GOBIN is in its environment
    go = machine.runs("go-of-pypi", f'echo "go $*" >> "{machine.here}/diary"; echo compiled > "$GOBIN/kind"')
    monkeypatch.setattr(toolchain, "go", lambda _: go)
    (folder := cache.root / "folder").mkdir()
    OfflineSupplier().compile(cache, "sigs.k8s.io/kind@v0.33.0", folder)
    assert [path.name for path in folder.iterdir()] == ["kind"]
    assert machine.diary[-1] == "go install -trimpath sigs.k8s.io/kind@v0.33.0"
