"""A cluster comes whole, goes without a trace, is kept only when told, and is never somebody else's."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import yaml

from evenly.cluster import lifecycle, records, reuse
from evenly.cluster.cache.cache import Cache
from evenly.cluster.host import ports
from evenly.cluster.host.requirements import LackingError, Requirement
from evenly.cluster.images.sources import BACKEND_IMAGE, NODE_IMAGE
from evenly.cluster.lifecycle import down, open_cluster
from evenly.cluster.options import ClusterOptions
from evenly.cluster.records import ClusterRecord
from evenly.errors import EvenlyError
from evenly.process import ProgramError
from evenly.progress import Progress
from evenly.settings import ProxyMode
from unit.cluster.fakes import FakeSupplier

if TYPE_CHECKING:
    from pathlib import Path

    from unit.fakes import Machine

NODES = {"evenly-run-control-plane", "evenly-run-worker", "evenly-run-worker2"}


@pytest.fixture
def options(machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ClusterOptions:
    machine.holds(NODE_IMAGE)
    machine.holds(BACKEND_IMAGE)
    # the stand-ins open no ports and run no API server
    monkeypatch.setattr(ports, "check_free", lambda: None)
    for module in (reuse, lifecycle):
        monkeypatch.setattr(module, "kubernetes_version", lambda kubeconfig, _: "v1.99.0" if kubeconfig.exists() else "")
    config = tmp_path / "kind.yaml"
    config.write_text("kind: Cluster")
    return ClusterOptions(run_id="2026-RUN", cache=tmp_path / "cache", config=config)


def refuse() -> None:
    raise LackingError("a port", [Requirement("ports", "port 30000 is taken", met=False, remedy="free it")])


def clusters(options: ClusterOptions) -> list[ClusterRecord]:
    return records.everything(Cache(options.cache))


def test_a_cluster_is_described_and_leaves_nothing_behind(machine: Machine, options: ClusterOptions) -> None:
    with open_cluster(options, Progress(), FakeSupplier()) as cluster:
        assert machine.nodes == NODES
        assert cluster.context == "kind-evenly-run"
        assert cluster.entries["evenly-run-control-plane"] == "127.0.0.1:30000"
        assert "secret" in cluster.kubeconfig.read_text()
        assert cluster.versions["kubernetes"] == "v1.99.0"
        assert "pulled before" in cluster.description
    assert machine.nodes == set()
    assert machine.networks == set()
    assert not cluster.kubeconfig.exists()
    assert clusters(options) == []


def test_kind_gets_our_image_configuration_and_kubeconfig(machine: Machine, options: ClusterOptions) -> None:
    with open_cluster(options, Progress(), FakeSupplier()) as cluster:
        (create,) = (line for line in machine.diary if line.startswith("kind create"))
    assert create == (
        f"kind create cluster --image {NODE_IMAGE} --config - --name evenly-run --kubeconfig {cluster.kubeconfig}"
    )


@pytest.mark.parametrize("mode", ProxyMode)
def test_kube_proxy_gets_its_mode_and_the_rest_of_the_configuration_stays(
    machine: Machine, options: ClusterOptions, mode: ProxyMode
) -> None:
    options.config.write_text("kind: Cluster\nnetworking: {ipFamily: dual}")
    with open_cluster(replace(options, proxy_mode=mode), Progress(), FakeSupplier()):
        assert yaml.safe_load((machine.here / "config").read_text()) == {
            "kind": "Cluster",
            "networking": {"ipFamily": "dual", "kubeProxyMode": mode.value},
        }


def test_a_network_that_was_there_before_stays(machine: Machine, options: ClusterOptions) -> None:
    (machine.here / "networks" / "kind").touch()
    with open_cluster(options, Progress(), FakeSupplier()):
        pass
    assert machine.networks == {"kind"}


def test_a_creation_that_fails_half_way_leaves_nothing_behind(machine: Machine, options: ClusterOptions) -> None:
    machine.becomes("broken")
    with (
        pytest.raises(ProgramError, match="failed to create cluster: broken"),
        open_cluster(options, Progress(), FakeSupplier()),
    ):
        pytest.fail("a broken cluster was handed out")
    assert machine.nodes == set()
    assert machine.networks == set()
    assert clusters(options) == []


def test_a_creation_that_loses_a_node_unnoticed_is_told(machine: Machine, options: ClusterOptions) -> None:
    machine.becomes("robbed")
    with (
        pytest.raises(ProgramError, match="evenly-run without evenly-run-worker2"),
        open_cluster(options, Progress(), FakeSupplier()),
    ):
        pytest.fail("a cluster of two nodes was handed out")
    assert machine.nodes == set()
    assert clusters(options) == []


def test_a_taken_port_ends_the_run_before_anything_is_pulled_or_built(
    machine: Machine, options: ClusterOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ports, "check_free", refuse)
    with pytest.raises(LackingError, match="taken"), open_cluster(options, Progress(), FakeSupplier()):
        pytest.fail("a cluster was made behind a taken port")
    assert machine.diary == []


def test_a_port_that_a_kept_cluster_holds_is_not_in_the_way(options: ClusterOptions, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_cluster(replace(options, keep=True), Progress(), FakeSupplier()) as first:
        pass
    monkeypatch.setattr(ports, "check_free", refuse)
    with open_cluster(options, Progress(), FakeSupplier()) as second:
        assert second.name == first.name


def test_an_interrupted_test_leaves_nothing_behind(machine: Machine, options: ClusterOptions) -> None:
    with pytest.raises(KeyboardInterrupt), open_cluster(options, Progress(), FakeSupplier()):
        raise KeyboardInterrupt
    assert machine.nodes == set()
    assert clusters(options) == []


def test_ctrl_c_while_the_cluster_is_taken_away_is_put_off_until_that_is_done(
    machine: Machine, options: ClusterOptions, capsys: pytest.CaptureFixture[str]
) -> None:
    machine.becomes("impatient")
    with pytest.raises(KeyboardInterrupt), open_cluster(options, Progress(), FakeSupplier()):
        pass
    assert machine.nodes == set()
    assert clusters(options) == []
    assert "taking everything away first: a few seconds more" in capsys.readouterr().err


def test_a_kept_cluster_is_used_again_and_stays_until_it_is_taken_down(machine: Machine, options: ClusterOptions) -> None:
    with open_cluster(replace(options, keep=True), Progress(), FakeSupplier()) as first:
        pass
    with open_cluster(replace(options, run_id="2026-later"), Progress(), FakeSupplier()) as second:
        assert second.name == first.name
        assert second.kept
    assert len([line for line in machine.diary if line.startswith("kind create")]) == 1
    assert machine.nodes == NODES
    down(options.cache, Progress(), FakeSupplier())
    assert machine.nodes == set()
    assert clusters(options) == []


def test_a_load_balancer_that_a_killed_run_left_in_a_kept_cluster_is_removed(machine: Machine, options: ClusterOptions) -> None:
    with open_cluster(replace(options, keep=True), Progress(), FakeSupplier()):
        pass
    (machine.here / "nodes" / "left").write_text("^evenly-run-load-balancer$")  # what the stand-in is asked for
    with open_cluster(options, Progress(), FakeSupplier()):
        assert machine.nodes == NODES


def test_a_node_that_a_killed_run_left_paused_goes_on(machine: Machine, options: ClusterOptions) -> None:
    with open_cluster(replace(options, keep=True), Progress(), FakeSupplier()):
        pass
    (machine.here / "nodes" / "left").write_text("paused")  # what the stand-in is asked for
    with open_cluster(options, Progress(), FakeSupplier()):
        assert "docker unpause left" in machine.diary


@pytest.mark.parametrize("change", ["configuration", "proxy mode", "image", "name", "dead"])
def test_a_kept_cluster_that_is_not_what_this_run_needs_is_replaced(
    machine: Machine, options: ClusterOptions, change: str
) -> None:
    with open_cluster(replace(options, keep=True), Progress(), FakeSupplier()) as first:
        pass
    later = replace(options, run_id="2026-later")
    if change == "configuration":
        options.config.write_text("kind: Cluster\nnodes: [{role: control-plane}]")
    elif change == "proxy mode":
        later = replace(later, proxy_mode=ProxyMode.NFTABLES)
    elif change == "image":
        (machine.here / "images" / BACKEND_IMAGE).write_text("newer")
    elif change == "name":
        later = replace(later, name="mine")
    else:
        first.kubeconfig.unlink()
    with open_cluster(later, Progress(), FakeSupplier()) as second:
        assert second.name == (later.name or "evenly-later")
        assert {node.rpartition("-control-plane")[0] for node in machine.nodes if "control" in node} == {second.name}


def test_what_a_killed_run_left_is_removed_by_the_next(machine: Machine, options: ClusterOptions) -> None:
    left = ClusterRecord("evenly-killed", str(options.cache / "clusters" / "x"), "key", "killed", pid=1, own_network=True)
    records.remember(Cache(options.cache), left)
    (machine.here / "nodes" / "evenly-killed-worker").write_text("evenly-killed")
    with open_cluster(options, Progress(), FakeSupplier()):
        assert machine.nodes == NODES


def test_a_program_of_a_killed_run_that_still_works_on_its_cluster_is_ended(options: ClusterOptions) -> None:
    kubeconfig = str(options.cache / "clusters" / "evenly-killed.kubeconfig")
    left = ClusterRecord("evenly-killed", kubeconfig, "key", "killed", pid=1, own_network=True)
    records.remember(Cache(options.cache), left)
    with subprocess.Popen(
        [sys.executable, "-c", "import time; time.sleep(60)", "--kubeconfig", kubeconfig], start_new_session=True
    ) as orphan:
        down(options.cache, Progress(), FakeSupplier())
        assert orphan.wait(5) == -9


def test_a_cluster_of_that_name_that_we_did_not_make_is_neither_used_nor_deleted(
    machine: Machine, options: ClusterOptions
) -> None:
    (machine.here / "nodes" / "mine-control-plane").write_text("mine")
    with (
        pytest.raises(EvenlyError, match="there is a kind cluster mine that evenly did not make") as caught,
        open_cluster(replace(options, name="mine"), Progress(), FakeSupplier()),
    ):
        pytest.fail("somebody else's cluster was handed out")
    assert "--context kind-mine" in caught.value.remedy
    assert machine.nodes == {"mine-control-plane"}


def test_a_kubeconfig_that_we_did_not_make_is_not_written_to(machine: Machine, options: ClusterOptions, tmp_path: Path) -> None:
    precious = tmp_path / "config"
    precious.write_text("mine")
    with (
        pytest.raises(EvenlyError, match="exists, and evenly did not make it"),
        open_cluster(replace(options, kubeconfig=precious), Progress(), FakeSupplier()),
    ):
        pytest.fail("a cluster was made")
    assert precious.read_text() == "mine"
    assert machine.nodes == set()


def test_a_second_run_is_refused_and_told_of_the_first(options: ClusterOptions) -> None:
    with (
        open_cluster(options, Progress(), FakeSupplier()),
        pytest.raises(EvenlyError, match=rf"another run of evenly is under way \(process {os.getpid()}\)"),
        open_cluster(options, Progress(), FakeSupplier()),
    ):
        pytest.fail("two runs at once")


def test_taking_down_where_nothing_is_asks_nothing(machine: Machine, options: ClusterOptions) -> None:
    down(options.cache, Progress(), FakeSupplier())
    assert machine.diary == []


def test_a_record_tells_what_a_person_needs_to_find_the_cluster(options: ClusterOptions) -> None:
    with open_cluster(options, Progress(), FakeSupplier()) as cluster:
        record = json.loads((options.cache / "clusters" / f"{cluster.name}.json").read_text())
    assert (record["name"], record["run_id"], record["pid"], record["kept"]) == (
        "evenly-run",
        "2026-RUN",
        os.getpid(),
        False,
    )
