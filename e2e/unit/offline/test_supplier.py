"""Where no Docker answers, and this machine cannot have a private one, a run is told what is lacking."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from evenly.cluster import engine_choice
from evenly.cluster.cache.cache import Cache
from evenly.cluster.host.requirements import LackingError
from evenly.errors import EvenlyError
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
