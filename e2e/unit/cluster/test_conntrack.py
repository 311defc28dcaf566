"""What is done on a node of the cluster: its commands, run here in the place of a node."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from evenly.cluster.kind import Kind
from evenly.process import ProgramError
from unit.fakes import a_kind_cluster

if TYPE_CHECKING:
    from evenly.cluster.kind_cluster import KindCluster
    from unit.fakes import Machine

HERE = 'PATH=$PATH:/usr/bin:/bin; shift 3; exec "$@"'  # docker exec --interactive NODE ...


@pytest.fixture
def cluster(machine: Machine) -> KindCluster:
    machine.runs("docker", HERE)
    kind = Kind("one", Path("config"), kind=Path("kind"), image="", env={})
    return a_kind_cluster(kind=kind)


def test_a_node_forgets_the_connections_to_one_port(cluster: KindCluster, machine: Machine, tmp_path: Path) -> None:
    machine.runs("conntrack", f'printf "%s " "$@" > {tmp_path}/said')
    cluster.forget_connections(["one-worker"], 30000)
    assert (tmp_path / "said").read_text() == "-D -p tcp --orig-port-dst 30000 "


def test_nothing_to_forget_is_no_error_and_a_failure_is(cluster: KindCluster, machine: Machine) -> None:
    machine.runs("conntrack", "exit 1")
    cluster.forget_connections(["one-worker"], 30000)
    machine.runs("conntrack", "exit 2")
    with pytest.raises(ProgramError):
        cluster.forget_connections(["one-worker"], 30000)


def test_a_node_tells_how_many_connections_it_can_still_track(cluster: KindCluster, machine: Machine) -> None:
    machine.runs("cat", "echo 262; echo 1000")
    assert cluster.free_conntrack_entries(["one-worker"]) == 738


def test_a_pod_without_the_program_is_told(cluster: KindCluster) -> None:
    with pytest.raises(ProgramError, match="no nginx in pod 00000000-not-a-pod"):
        cluster.kill("one-worker", "00000000-not-a-pod", "nginx")


def test_of_several_nodes_the_fullest_tells_how_many_connections_can_be_tracked(cluster: KindCluster, machine: Machine) -> None:
    machine.runs("docker", "case $3 in two) echo 900 1000;; *) echo 262 1000;; esac")  # docker exec --interactive NODE ...
    assert cluster.free_conntrack_entries(["one", "two", "three"]) == 100
