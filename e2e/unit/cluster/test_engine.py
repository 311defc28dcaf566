"""The user's Docker goes first; without one, and without a way to a private one, the error says what to do."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from evenly.cluster import engine
from evenly.cluster.cache import Cache
from evenly.errors import EvenlyError
from evenly.progress import Progress

if TYPE_CHECKING:
    from pathlib import Path

    from unit.cluster.conftest import Machine


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache")


def test_a_docker_that_answers_is_used(machine: Machine, cache: Cache) -> None:
    found = engine.find(cache, Progress())
    assert (found.cli, found.version, found.private) == (machine.here / "bin" / "docker", "99.1", False)


def test_a_docker_command_without_an_engine_is_not_taken_for_one(machine: Machine, cache: Cache) -> None:
    machine.becomes("down")
    with pytest.raises(EvenlyError) as caught:  # this machine's PATH leads to no apt-get
        engine.find(cache, Progress())
    assert "no container engine answers: Cannot connect to the Docker daemon" in caught.value.problem
    assert "this machine is no Debian" in caught.value.problem
    assert "--context" in caught.value.remedy


def test_a_private_engine_needs_root(machine: Machine, cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    machine.becomes("down")
    for name in ("apt-get", "dpkg"):
        (machine.here / "bin" / name).write_text("")
        (machine.here / "bin" / name).chmod(0o755)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(EvenlyError, match="it needs root"):
        engine.find(cache, Progress())


def test_a_docker_host_that_does_not_answer_is_a_mistake_and_not_passed_over(
    machine: Machine, cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.becomes("down")
    monkeypatch.setenv("DOCKER_HOST", "tcp://elsewhere:2375")
    with pytest.raises(EvenlyError, match=r"DOCKER_HOST is tcp://elsewhere:2375, but no engine answers there") as caught:
        engine.find(cache, Progress())
    assert "unset DOCKER_HOST" in caught.value.remedy


def test_what_docker_says_is_handed_out(machine: Machine, cache: Cache) -> None:
    found = engine.find(cache, Progress())
    assert found.docker("network", "ls", timeout_s=5.0) == "bridge\n"
    assert machine.diary[-1] == "docker network ls"
