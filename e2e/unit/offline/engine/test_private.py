"""A private engine needs room for its sockets, and ends all its containers, also those that are frozen."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from evenly.cluster.cache.cache import Cache
from evenly.offline.engine import host_network, private
from evenly.progress import Progress

if TYPE_CHECKING:
    from unit.fakes import Machine


def test_a_cache_whose_path_is_too_long_for_a_socket_is_told_before_anything_starts() -> None:
    longest = Path("/", "c" * (private.SOCKET_PATH_LIMIT - len("//engine/run/containerd.sock.ttrpc")))
    (will_do, too_long) = (
        next(one for one in private.requirements(folder) if one.name == "sockets") for folder in (longest, Path(f"{longest}c"))
    )
    assert will_do.met
    assert too_long.met is False
    assert "108 bytes of 107" in too_long.found


@pytest.mark.parametrize(("fails", "removals"), [(0, 1), (1, 2)])
def test_a_container_that_does_not_end_while_it_is_frozen_is_woken_and_removed(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, fails: int, removals: int
) -> None:
    thawed: list[int] = []
    monkeypatch.setattr(host_network, "thaw", lambda: thawed.append(1))
    diary = machine.here / "diary"
    diary.write_text("")
    machine.runs("docker", f'echo "$1" >> {diary}; case $1 in ps) echo node;; rm) [ $(grep -c rm {diary}) -gt {fails} ];; esac')
    private._remove_all(machine.here / "bin" / "docker", {"PATH": "/usr/bin:/bin"})
    assert diary.read_text().split() == ["ps", *["rm"] * removals, "network"]
    assert len(thawed) == removals


@pytest.mark.parametrize(("other", "restored"), [(None, ["as it was"]), (4711, [])], ids=["alone", "beside another engine"])
def test_the_machines_network_is_put_back_unless_another_engine_needs_it(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, other: int | None, restored: list[str]
) -> None:
    cache, put_back = Cache(tmp_path / "cache"), list[object]()
    engine = cache.root / "engine"
    (engine / "run").mkdir(parents=True)
    (engine / "before.json").write_text('"as it was"')
    machine.runs("docker", "exit 0")
    monkeypatch.setattr(private, "was_started", lambda _: True)
    monkeypatch.setattr(private, "engine_programs", lambda *_: (machine.here, {}))
    monkeypatch.setattr(private, "start", lambda *_: (machine.here / "bin/docker", {}))
    monkeypatch.setattr(host_network, "other_engine", lambda: other)
    monkeypatch.setattr(host_network, "restore", lambda before, _: put_back.append(before))
    private.stop(cache, Progress())
    assert put_back == restored
    assert list(engine.iterdir()) == []
