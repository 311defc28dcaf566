"""The user's Docker goes first; without one, and without a way to a private one, the error says what to do."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from evenly.cluster import engine_choice
from evenly.cluster.cache.cache import Cache
from evenly.cluster.engine import engine
from evenly.cluster.host.requirements import LackingError, Requirement
from evenly.progress import Progress
from unit.cluster.fakes import FakeSupplier

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from unit.fakes import Machine

NO_ROOT = Requirement("root", "this is user id 7", met=False, remedy="be root")


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache")


def test_a_docker_that_answers_is_used(machine: Machine, cache: Cache) -> None:
    found = engine_choice.find(cache, Progress(), FakeSupplier(lacks=(NO_ROOT,)))
    assert (found.cli, found.version, found.private) == (machine.here / "bin" / "docker", "99.1", False)


def test_a_docker_host_that_does_not_answer_is_a_mistake_and_not_passed_over(
    machine: Machine, cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.becomes("down")
    monkeypatch.setenv("DOCKER_HOST", "tcp://elsewhere:2375")
    with pytest.raises(LackingError, match=r"DOCKER_HOST: it is tcp://elsewhere:2375, so no other engine is taken") as caught:
        engine_choice.find(cache, Progress(), FakeSupplier(lacks=(NO_ROOT,)))
    assert "start the engine there, or unset DOCKER_HOST" in caught.value.problem


def test_a_docker_that_keeps_silent_is_given_up_within_the_limit(
    machine: Machine, cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.runs("docker", "exec /bin/sleep 60")
    monkeypatch.setattr(engine, "ANSWER_LIMIT_S", 0.2)
    with pytest.raises(LackingError, match=r"--  Docker: .*docker version .* did not end within 0.2 s"):
        engine_choice.find(cache, Progress(), FakeSupplier(lacks=(NO_ROOT,)))


def test_a_docker_too_old_for_its_command_is_told_in_its_own_words(machine: Machine, cache: Cache) -> None:
    machine.runs("docker", "echo 'client version 1.52 is too new. Maximum supported API version is 1.39' >&2; exit 1")
    with pytest.raises(LackingError, match=r"--  Docker: client version 1.52 is too new"):
        engine_choice.find(cache, Progress(), FakeSupplier(lacks=(NO_ROOT,)))


@pytest.fixture
def said(cache: Cache, machine: Machine) -> Callable[..., list[str]]:
    """Find an engine on a machine that can have a private one, and return what was said meanwhile."""

    def find(*, started: bool = False) -> list[str]:
        text = io.StringIO()
        supplier = FakeSupplier(started=started, docker=machine.here / "bin" / "private")
        engine_choice.find(cache, Progress(Console(file=text, soft_wrap=True)), supplier)
        return text.getvalue().splitlines()

    return find


def test_before_a_private_engine_starts_it_is_told_what_it_changes_and_how_that_goes_away(
    machine: Machine, cache: Cache, said: Callable[..., list[str]]
) -> None:
    machine.becomes("down")
    machine.runs("private", "echo 26.1")
    *notice, last = said()
    assert last == "started"
    assert 2 <= len(notice) <= 6
    for word in ("Cannot connect to the Docker daemon", str(cache.root), "bridge", "packet rules", "No package", "make down"):
        assert word in "\n".join(notice)


def test_nothing_is_told_of_a_private_engine_that_runs_already(machine: Machine, said: Callable[..., list[str]]) -> None:
    machine.runs("private", "echo 26.1")
    assert said(started=True) == ["started"]


def test_nothing_is_told_of_a_private_engine_where_docker_answers(machine: Machine, said: Callable[..., list[str]]) -> None:
    assert machine.diary == []
    assert said() == []


def test_what_docker_says_is_handed_out(machine: Machine, cache: Cache) -> None:
    found = engine_choice.find(cache, Progress(), FakeSupplier())
    assert found.docker("network", "ls", timeout_s=5.0) == "bridge\n"
    assert machine.diary[-1] == "docker network ls"
