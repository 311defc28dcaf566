from types import SimpleNamespace
from typing import Any

import pytest

from evenly import limits
from evenly.errors import EvenlyError
from evenly.k8s import nodes
from evenly.k8s.nodes import Node


def node(name: str, *taints: str) -> Any:  # noqa: ANN401 - stands for the client's object
    return SimpleNamespace(
        metadata=SimpleNamespace(name=name),
        spec=SimpleNamespace(taints=[SimpleNamespace(key=taint, effect="NoSchedule") for taint in taints] or None),
    )


def play(monkeypatch: pytest.MonkeyPatch, *readings: list[Any]) -> list[list[Any]]:
    left = list(readings)
    core = SimpleNamespace(list_node=lambda **_: SimpleNamespace(items=left.pop(0) if len(left) > 1 else left[0]))
    monkeypatch.setattr(nodes, "CoreV1Api", lambda _: core)
    return left


def test_the_wait_ends_when_the_last_node_takes_pods(monkeypatch: pytest.MonkeyPatch) -> None:
    control_plane = node("control-plane", "node-role.kubernetes.io/control-plane")
    left = play(
        monkeypatch,
        [control_plane, node("worker"), node("worker2", "node.kubernetes.io/not-ready")],
        [control_plane, node("worker"), node("worker2")],
    )
    nodes.await_ready(None)
    assert len(left) == 1, "both readings were needed"


def test_a_node_that_never_gets_ready_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    play(monkeypatch, [node("worker"), node("worker2", "node.kubernetes.io/not-ready")])
    monkeypatch.setattr(limits, "NODES_READY_S", 0.05)
    with pytest.raises(EvenlyError, match=r"not ready: worker2\n.*kubectl describe node worker2"):
        nodes.await_ready(None)


def test_pods_go_to_the_nodes_that_keep_none_away(monkeypatch: pytest.MonkeyPatch) -> None:
    play(monkeypatch, [node("control-plane", "node-role.kubernetes.io/control-plane"), node("worker"), node("worker2")])
    assert nodes.for_pods(None) == ("worker", "worker2")


A, B = Node("a", "172.18.0.2", "10.244.0.0/24", "east"), Node("b", "172.18.0.3", "")


def test_all_nodes_are_told_by_name_with_their_own_address_their_pods_range_and_their_zone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def listed(name: str, own: str, pods: str | None, labels: dict[str, str] | None) -> Any:  # noqa: ANN401 - stands for the client's object
        addresses = [SimpleNamespace(type="Hostname", address=name), SimpleNamespace(type="InternalIP", address=own)]
        return SimpleNamespace(
            metadata=SimpleNamespace(name=name, labels=labels),
            spec=SimpleNamespace(pod_cidr=pods),
            status=SimpleNamespace(addresses=addresses),
        )

    zone = {"topology.kubernetes.io/zone": "east"}
    play(monkeypatch, [listed("b", "172.18.0.3", None, None), listed("a", "172.18.0.2", "10.244.0.0/24", zone)])
    assert nodes.everyone(None) == (A, B)


@pytest.mark.parametrize(
    ("client", "node"),
    [
        ("172.18.0.2", "a"),  # the pod is on another node
        ("10.244.0.1", "a"),  # the pod is on the node that the connection came in by
        ("172.18.0.3", "b"),
        ("172.18.0.20", None),  # begins like a node's address
        ("10.244.1.1", None),
        ("fd00::1", None),
        ("", None),
        ("a", None),
    ],
)
def test_a_pod_tells_by_its_clients_address_which_node_a_connection_came_in_by(client: str, node: str | None) -> None:
    assert nodes.entered((A, B), client) == node
