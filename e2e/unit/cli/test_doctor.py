"""The doctor tells which way a run would take, what stands in the way of the others, and changes nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from evenly.cli import doctor
from evenly.cluster import records
from evenly.cluster.cache.cache import Cache
from evenly.cluster.host import machine as this
from evenly.cluster.host import ports
from evenly.cluster.host.requirements import Requirement
from evenly.cluster.images.sources import BACKEND_IMAGE, NODE_IMAGE
from evenly.cluster.records import ClusterRecord
from evenly.offline.engine import private as private_engine
from evenly.offline.images import build as parts
from evenly.settings import ClusterFrom

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from unit.fakes import Machine

MET = Requirement("all", "there", met=True)
NO_ROOT = Requirement("root", "this is user id 7", met=False, remedy="be root")
NO_DISK = Requirement("disk", "3 GB free", met=False, remedy="free some")
TAKEN = Requirement("ports", "port 30000 is taken", met=False, remedy="stop it")


@pytest.fixture(autouse=True)
def able(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Let the machine have all that there is to have, but for a registry, and return what changes that."""
    assert machine

    def becomes(*, private: Requirement = MET, build: Requirement = MET, free: Requirement = MET) -> None:
        monkeypatch.setattr(doctor, "private_requirements", lambda *_: (private,))
        monkeypatch.setattr(parts, "requirements", lambda _: (build,))
        monkeypatch.setattr(ports, "free", lambda _: free)

    becomes()
    monkeypatch.setattr(this, "cgroup", lambda: replace(MET, met=None))
    return becomes


@pytest.fixture
def conclusion(tmp_path: Path) -> Callable[..., str]:
    def conclude(way: ClusterFrom = ClusterFrom.AUTO) -> str:
        found = doctor.diagnose(tmp_path / "cache", way)
        assert found.possible == (" would use " in found.conclusion)
        return found.conclusion.removeprefix("`make e2e` ")

    return conclude


def test_where_a_registry_answers_the_images_would_be_pulled(machine: Machine, conclusion: Callable[..., str]) -> None:
    machine.becomes("registry")
    assert conclusion() == "would use your Docker and pull images."


def test_without_a_registry_they_would_be_built(conclusion: Callable[..., str]) -> None:
    assert conclusion() == "would use your Docker and build images, once, in 7 to 8 minutes on two cores."


def test_without_docker_a_private_one_would_be_used(machine: Machine, conclusion: Callable[..., str]) -> None:
    machine.becomes("registry")
    machine.becomes("down")
    assert conclusion() == "would use a private Docker and pull images."


def test_what_cannot_be_told_is_tried_first_and_has_a_second_way(machine: Machine, conclusion: Callable[..., str]) -> None:
    machine.becomes("mirror")
    assert conclusion() == (
        "would use your Docker and pull images or, if that fails, build images, once, in 7 to 8 minutes on two cores."
    )


def test_neither_docker_nor_root_is_the_end_and_the_first_remedy_is_given(
    machine: Machine, able: Callable[..., None], conclusion: Callable[..., str]
) -> None:
    machine.becomes("down")
    able(private=NO_ROOT)
    assert conclusion() == "cannot run here, for lack of Docker. First: install and start Docker, or join the group docker."


def test_neither_a_registry_nor_room_to_build_is_the_end(able: Callable[..., None], conclusion: Callable[..., str]) -> None:
    able(build=NO_DISK)
    assert conclusion().startswith("cannot run here, for lack of registry. First: give the engine a registry")
    assert conclusion(ClusterFrom.BUILT) == "cannot run here, for lack of disk. First: free some."


def test_what_the_user_decided_is_the_only_way(machine: Machine, conclusion: Callable[..., str]) -> None:
    assert conclusion(ClusterFrom.PULLED).startswith("cannot run here, for lack of registry.")
    machine.becomes("registry")
    assert "build images" in conclusion(ClusterFrom.BUILT)


def test_a_taken_port_is_the_end(able: Callable[..., None], conclusion: Callable[..., str]) -> None:
    able(free=TAKEN)
    assert conclusion() == "cannot run here, for lack of ports. First: stop it."


def test_a_port_that_a_cluster_of_ours_holds_is_not(
    able: Callable[..., None], conclusion: Callable[..., str], tmp_path: Path
) -> None:
    able(free=TAKEN)
    kept = ClusterRecord("evenly-kept", str(tmp_path / "kubeconfig"), "key", "run", pid=1, own_network=True, kept=True)
    records.remember(Cache(tmp_path / "cache"), kept)
    assert conclusion().startswith("would use")


def test_images_that_were_built_before_are_used_again(
    machine: Machine, able: Callable[..., None], conclusion: Callable[..., str], tmp_path: Path
) -> None:
    able(build=NO_DISK)
    Cache(tmp_path / "cache").entry("binaries", ["x"], lambda into: (into / "node").touch())
    machine.becomes("registry")
    assert conclusion() == "would use your Docker and pull images."  # this Docker does not hold them
    machine.holds(doctor.SUPPLIER.node_image)
    assert conclusion() == "would use your Docker and take images that were built before."
    machine.holds(NODE_IMAGE)
    machine.holds(BACKEND_IMAGE)
    assert conclusion() == "would use your Docker and pull images."


def test_a_private_engine_that_runs_already_goes_first(
    conclusion: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "your Docker" in conclusion()
    Cache(tmp_path / "cache")
    monkeypatch.setattr(private_engine, "was_started", lambda _: True)
    assert "a private Docker" in conclusion()


def test_a_cache_folder_that_cannot_be_used_is_told(conclusion: Callable[..., str], tmp_path: Path) -> None:
    (tmp_path / "cache").mkdir()
    assert conclusion().startswith("would use")
    (tmp_path / "cache" / "mine.txt").write_text("keep me")
    assert conclusion().startswith("cannot run here, for lack of cache. First: name an empty folder")


def test_looking_changes_nothing(machine: Machine, tmp_path: Path) -> None:
    def state() -> dict[Path, bytes]:
        return {path: path.read_bytes() if path.is_file() else b"" for path in tmp_path.rglob("*") if path.name != "diary"}

    before = state()
    doctor.diagnose(tmp_path / "cache", ClusterFrom.AUTO)
    assert state() == before
    cache = Cache(tmp_path / "cache")
    assert state() != before
    records.remember(cache, replace(ClusterRecord("x", "", "", "", pid=1, own_network=False), kept=True))
    before = state()
    doctor.diagnose(tmp_path / "cache", ClusterFrom.AUTO)
    assert state() == before
    words = {" ".join(line.split()[:2]) for line in machine.diary}
    assert words <= {"docker version", "docker image", "docker manifest", "docker info", "kind version"}
