"""A private engine needs room for its sockets, and ends all its containers, also those that are frozen."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from evenly.offline.engine import host_network, private

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
