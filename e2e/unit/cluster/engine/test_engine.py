"""The user's Docker goes first; without one, and without a way to a private one, the error says what to do."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from evenly.cluster.cache.cache import Cache
from evenly.cluster.engine import engine
from evenly.cluster.host.requirements import LackingError, Requirement, lacking
from evenly.errors import EvenlyError
from evenly.offline.engine import host_network
from evenly.offline.engine import private as private_engine
from evenly.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Callable

    from unit.fakes import Machine


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
    assert "--  Docker: Cannot connect to the Docker daemon" in caught.value.problem
    assert "--  Debian: there is no apt-get and no dpkg: this is no Debian" in caught.value.problem
    assert "--context" in caught.value.remedy


def test_a_private_engine_needs_root(machine: Machine, cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    machine.becomes("down")
    for name in ("apt-get", "dpkg"):
        machine.runs(name, "")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(LackingError, match=r"--  root: this is user id 1000\n +run as root") as caught:
        engine.find(cache, Progress())
    assert "Debian" not in caught.value.problem  # it is there


def test_a_docker_host_that_does_not_answer_is_a_mistake_and_not_passed_over(
    machine: Machine, cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.becomes("down")
    monkeypatch.setenv("DOCKER_HOST", "tcp://elsewhere:2375")
    with pytest.raises(LackingError, match=r"DOCKER_HOST: it is tcp://elsewhere:2375, so no other engine is taken") as caught:
        engine.find(cache, Progress())
    assert "start the engine there, or unset DOCKER_HOST" in caught.value.problem


def test_a_docker_that_keeps_silent_is_given_up_within_the_limit(
    machine: Machine, cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.runs("docker", "exec /bin/sleep 60")
    monkeypatch.setattr(engine, "ANSWER_LIMIT_S", 0.2)
    with pytest.raises(LackingError, match=r"--  Docker: .*docker version .* did not end within 0.2 s"):
        engine.find(cache, Progress())


def test_a_docker_too_old_for_its_command_is_told_in_its_own_words(machine: Machine, cache: Cache) -> None:
    machine.runs("docker", "echo 'client version 1.52 is too new. Maximum supported API version is 1.39' >&2; exit 1")
    with pytest.raises(LackingError, match=r"--  Docker: client version 1.52 is too new"):
        engine.find(cache, Progress())


@pytest.fixture
def said(cache: Cache, monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[str]]:
    """Find an engine on a machine that can have a private one, and return what was said meanwhile."""

    def start(cache: Cache, progress: Progress) -> tuple[Path, dict[str, str]]:
        progress.say("started")
        return cache.root.parent / "machine" / "bin" / "private", {}

    monkeypatch.setattr(engine, "private_requirements", lambda _: (Requirement("root", "with all rights", met=True),))
    monkeypatch.setattr(private_engine, "start", start)

    def find() -> list[str]:
        text = io.StringIO()
        engine.find(cache, Progress(Console(file=text, soft_wrap=True)))
        return text.getvalue().splitlines()

    return find


def test_before_a_private_engine_starts_it_is_told_what_it_changes_and_how_that_goes_away(
    machine: Machine, cache: Cache, said: Callable[[], list[str]]
) -> None:
    machine.becomes("down")
    machine.runs("private", "echo 26.1")
    *notice, last = said()
    assert last == "started"
    assert 2 <= len(notice) <= 6
    for word in ("Cannot connect to the Docker daemon", str(cache.root), "bridge", "packet rules", "No package", "make down"):
        assert word in "\n".join(notice)


def test_nothing_is_told_of_a_private_engine_that_runs_already(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, said: Callable[[], list[str]]
) -> None:
    machine.runs("private", "echo 26.1")
    monkeypatch.setattr(private_engine, "was_started", lambda _: True)
    assert said() == ["started"]


def test_nothing_is_told_of_a_private_engine_where_docker_answers(machine: Machine, said: Callable[[], list[str]]) -> None:
    assert machine.diary == []
    assert said() == []


def test_a_cache_whose_path_is_too_long_for_a_socket_is_told_before_anything_starts() -> None:
    longest = Path("/", "c" * (private_engine.SOCKET_PATH_LIMIT - len("//engine/run/containerd.sock.ttrpc")))
    assert not lacking(private_engine.requirements(longest)[:1])
    (sockets,) = lacking(private_engine.requirements(Path(f"{longest}c"))[:1])
    assert "108 bytes of 107" in sockets.found


def test_what_docker_says_is_handed_out(machine: Machine, cache: Cache) -> None:
    found = engine.find(cache, Progress())
    assert found.docker("network", "ls", timeout_s=5.0) == "bridge\n"
    assert machine.diary[-1] == "docker network ls"


@pytest.mark.parametrize(("fails", "removals"), [(0, 1), (1, 2)])
def test_a_container_that_does_not_end_while_it_is_frozen_is_woken_and_removed(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, fails: int, removals: int
) -> None:
    thawed: list[int] = []
    monkeypatch.setattr(host_network, "thaw", lambda: thawed.append(1))
    diary = machine.here / "diary"
    diary.write_text("")
    machine.runs("docker", f'echo "$1" >> {diary}; case $1 in ps) echo node;; rm) [ $(grep -c rm {diary}) -gt {fails} ];; esac')
    private_engine._remove_all(machine.here / "bin" / "docker", {"PATH": "/usr/bin:/bin"})
    assert diary.read_text().split() == ["ps", *["rm"] * removals, "network"]
    assert len(thawed) == removals
