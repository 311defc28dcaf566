"""What a machine has is read from its own files, and what cannot be read is not guessed."""

from __future__ import annotations

import gzip
import os
import shutil
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from evenly.cluster.host import machine as this

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from unit.fakes import Machine

ALL_RIGHTS = 0x1FF_FFFF_FFFF
CONTAINERS_RIGHTS = 0xA80425FB  # what Docker gives to a container that asks for nothing
KERNEL = "CONFIG_OVERLAY_FS={0}\nCONFIG_BRIDGE={0}\nCONFIG_VETH={0}\nCONFIG_NF_NAT={0}\nCONFIG_NETFILTER_XT_MATCH_ADDRTYPE=y\n"


@pytest.mark.parametrize(("programs", "met"), [(["apt-get", "dpkg"], True), (["apt-get"], False), ([], False)])
def test_a_debian_is_known_by_its_programs(machine: Machine, *, programs: list[str], met: bool) -> None:
    for name in programs:
        machine.runs(name, "")
    assert this.debian().met is met


@pytest.mark.parametrize(
    ("user", "rights", "words"),
    [
        (0, ALL_RIGHTS, "with CAP_NET_ADMIN and CAP_SYS_ADMIN"),
        (0, CONTAINERS_RIGHTS, "root without CAP_NET_ADMIN and CAP_SYS_ADMIN, as in a container"),
        (1000, 0, "this is user id 1000"),
    ],
)
def test_root_is_asked_for_its_rights(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, user: int, rights: int, words: str
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: user)
    (tmp_path / "status").write_text(f"CapPrm:\t{0:016x}\nCapEff:\t{rights:016x}\n")
    found = this.root(tmp_path / "status")
    assert (found.found, found.met) == (words, rights == ALL_RIGHTS)


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[str], None]:
    """Let the kernel have been made with a configuration; its modules lie in modules/."""
    for name in ("PROC", "BOOT", "MODULES"):
        monkeypatch.setattr(this, name, tmp_path / name.lower())
    (tmp_path / "proc").mkdir()

    def made_with(config: str) -> None:
        (tmp_path / "proc/config.gz").write_bytes(gzip.compress(config.encode()))

    return made_with


def test_a_kernel_with_all_that_containers_need_will_do(kernel: Callable[[str], None]) -> None:
    kernel(KERNEL.format("y"))
    assert this.kernel().met is True


def test_what_a_kernel_is_without_is_named(kernel: Callable[[str], None]) -> None:
    kernel(KERNEL.format("y").replace("CONFIG_VETH=y", "# CONFIG_VETH is not set"))
    assert this.kernel().met is False
    assert this.kernel().found.endswith(" is without veth")
    assert this.nftables().met is False


def test_modules_count_where_their_files_are(kernel: Callable[[str], None], tmp_path: Path) -> None:
    kernel(KERNEL.format("m"))
    assert this.kernel().met is None
    assert "overlay, bridge, veth, NAT: modules" in this.kernel().found
    (tmp_path / "modules" / os.uname().release).mkdir(parents=True)
    assert this.kernel().met is True


@pytest.mark.usefixtures("kernel")
def test_a_kernel_that_does_not_tell_is_unknown_and_debians_file_is_read_too(tmp_path: Path) -> None:
    assert this.kernel().met is None
    (tmp_path / "boot").mkdir()
    (tmp_path / "boot" / f"config-{os.uname().release}").write_text(KERNEL.format("y"))
    assert this.kernel().met is True


@pytest.mark.parametrize(("free", "met"), [(10_000_000_000, True), (9_999_999_999, False)])
def test_less_than_10_gb_is_too_little_to_build(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    *,
    free: int,
    met: bool,
) -> None:
    asked: list[Path] = []

    def disk_usage(place: Path) -> SimpleNamespace:
        asked.append(place)
        return SimpleNamespace(free=free)

    monkeypatch.setattr(shutil, "disk_usage", disk_usage)
    found = this.disk(tmp_path / "not" / "yet")
    assert (found.met, asked) == (met, [tmp_path])
    assert found.found.startswith("10 GB free" if met else "9 GB free")


@pytest.mark.parametrize(("available_kb", "met"), [(4 * 2**20, True), (4 * 2**20 - 1, None)])
def test_little_memory_is_a_warning_and_no_verdict(tmp_path: Path, *, available_kb: int, met: bool | None) -> None:
    (tmp_path / "meminfo").write_text(f"MemTotal: 99999999 kB\nMemAvailable:   {available_kb} kB\n")
    assert this.memory(tmp_path / "meminfo").met is met
    assert this.memory(tmp_path / "nothing").met is None


@pytest.mark.parametrize(("instances", "met"), [(512, True), (128, None)])
def test_watches_are_compared_with_what_kind_advises(tmp_path: Path, *, instances: int, met: bool | None) -> None:
    (tmp_path / "max_user_instances").write_text(f"{instances}\n")
    (tmp_path / "max_user_watches").write_text("524288\n")
    assert this.inotify(tmp_path).met is met
    assert this.inotify(tmp_path / "nothing").met is None


def test_the_version_of_control_groups_is_told(tmp_path: Path) -> None:
    assert this.cgroup(tmp_path / "nothing").found == "not told by this system"
    assert "version 1" in this.cgroup(tmp_path).found
    (tmp_path / "cgroup.controllers").touch()
    assert (this.cgroup(tmp_path).found, this.cgroup(tmp_path).met) == ("version 2", True)
