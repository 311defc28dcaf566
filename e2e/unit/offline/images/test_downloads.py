"""Packages come from a mirror whole, or the error says what to check and nothing of them is left."""

from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import pytest

from evenly.cluster.cache.cache import Cache
from evenly.offline import apt
from evenly.offline.images import rootfs, runtime
from evenly.process import ProgramError

BROKEN_OFF = """\
case $1 in
update) ;;
download)
    echo half > partial.deb
    echo "E: Failed to fetch http://mirror/containerd.deb  Connection failed [IP: 192.0.2.1 80]" >&2
    exit 100
    ;;
esac
"""
NO_MIRROR = 'echo "E: Failed to fetch http://mirror/InRelease  Could not resolve" >&2; exit 100'
WHOLE = "case $1 in download) echo whole > containerd.deb;; esac"
UNPACK = 'mkdir -p "$3/usr/bin"; cp "$2" "$3/usr/bin/containerd"'


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], None]:
    """Return what puts a script in the place of a program; the machine's own sources are not read."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    monkeypatch.setattr(apt, "sources", lambda _: "")
    monkeypatch.setattr(apt, "reach", lambda: ["Acquire::http::Proxy none;"])

    def replace(name: str, script: str) -> None:
        (folder / name).write_text(f"#!/bin/sh\n{script}\n")
        (folder / name).chmod(0o755)

    replace("dpkg", UNPACK)
    return replace


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache")


def unfinished(cache: Cache) -> set[str]:
    return {path.name for path in cache.root.iterdir()} - {"CACHEDIR.TAG", "apt", "locks"}


def test_whole_packages_are_unpacked_and_nothing_else_is_left(programs: Callable[[str, str], None], cache: Cache) -> None:
    programs("apt-get", WHOLE)
    root = runtime.build(cache, nullcontext())
    assert (root / "usr/bin/containerd").read_text() == "whole\n"
    assert unfinished(cache) == {root.parent.name}


@pytest.mark.parametrize("script", [BROKEN_OFF, NO_MIRROR], ids=["broken off", "no mirror"])
def test_a_download_that_fails_is_told_with_what_to_check_and_leaves_nothing(
    programs: Callable[[str, str], None], cache: Cache, script: str
) -> None:
    programs("apt-get", script)
    with pytest.raises(ProgramError, match=r"Failed to fetch(.|\n)*check the network"):
        runtime.build(cache, nullcontext())
    assert unfinished(cache) == set()


def test_what_a_killed_download_left_is_removed_by_the_next(programs: Callable[[str, str], None], cache: Cache) -> None:
    left = cache.root / f"apt-{runtime.SUITE}.tmp"
    left.mkdir()
    (left / "half.deb").write_text("half")
    programs("apt-get", WHOLE)
    programs("dpkg", f"case $2 in *half*) exit 1;; esac; {UNPACK}")
    root = runtime.build(cache, nullcontext())
    assert unfinished(cache) == {root.parent.name}


def test_a_bootstrap_that_breaks_off_is_told_with_what_to_check_and_leaves_nothing(
    monkeypatch: pytest.MonkeyPatch, programs: Callable[[str, str], None], cache: Cache
) -> None:
    def unpack(_: object, *, into: Path, cache: Cache) -> None:
        assert cache
        (into / "usr/bin").mkdir(parents=True)
        bootstrap = into / "usr/bin/mmdebstrap"
        bootstrap.write_text('#!/bin/sh\nmkdir "${18}"; echo "E: apt-get update failed: connection timed out" >&2; exit 25\n')
        bootstrap.chmod(0o755)

    monkeypatch.setattr(apt, "unpack", unpack)
    monkeypatch.setattr(rootfs, "_missing_perl", lambda: ())
    programs("apt-get", "exit 1")
    with pytest.raises(ProgramError, match=r"exit code 25(.|\n)*timed out(.|\n)*check the network"):
        rootfs.build(cache, nullcontext())
    assert unfinished(cache) == set()
