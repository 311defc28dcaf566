"""A Service that is there already: what keeps it from being judged is said before anything is sent."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any, Self, cast

import pytest
from kubernetes.client.exceptions import ApiException

from evenly import header
from evenly.cluster.conntrack_flush import Memory
from evenly.errors import EvenlyError
from evenly.k8s import external, nodes, services
from evenly.k8s.nodes import Node
from evenly.k8s.pods import Pod
from evenly.k8s.services import Port, Spec
from evenly.scenario import adopt
from evenly.scenario.adopt import Existing
from evenly.scenario.record import Scenario

NODES = (Node("one", "10.1.0.1", ""), Node("two", "10.1.0.2", ""))


def spec(*node_ports: int) -> Spec:
    return Spec("None", "Cluster", {}, tuple(Port(80, "http", node_port, "") for node_port in node_ports))


class Watch:
    """Stands for the watch of a Service without endpoints."""

    ready = frozenset[str]()

    def __init__(self, *_: object) -> None: ...

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None: ...


@pytest.fixture
def checkout(monkeypatch: pytest.MonkeyPatch) -> Existing:
    monkeypatch.setattr(adopt, "EndpointsWatch", Watch)
    monkeypatch.setattr(nodes, "everyone", lambda _: NODES)
    monkeypatch.setattr(external, "address", lambda *_: "192.0.2.7")
    cluster = SimpleNamespace(doors=(("one", "127.0.0.1:30000"), ("two", "127.0.0.1:30001")), kind=None)
    bench: Any = SimpleNamespace(cluster=cluster, api=None, settings=SimpleNamespace(converge_s=0), memory=Memory())
    return Existing(bench, Scenario("checkout", "test_x", ""), "shop/checkout", header("X-Pod"))


def test_one_that_is_not_there_is_named_with_those_that_are(checkout: Existing, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_: object) -> Spec:
        raise ApiException(404, "Not Found")

    monkeypatch.setattr(services, "read", missing)
    with pytest.raises(EvenlyError, match=r"no Service shop/checkout: Not Found\n.*kubectl -n shop get service"):
        checkout.__enter__()


def test_one_that_nothing_outside_reaches_is_refused(checkout: Existing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "read", lambda *_: spec(0))
    with pytest.raises(EvenlyError, match=r"shop/checkout has no node port.*\n.*NodePort or LoadBalancer"):
        checkout.__enter__()


def test_one_without_endpoints_is_refused(checkout: Existing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "read", lambda *_: spec(31000))
    with pytest.raises(EvenlyError, match=r"shop/checkout has no ready endpoint.*\n.*get endpointslices,pods"):
        checkout.__enter__()


@pytest.mark.parametrize(
    ("kind", "node_port", "doors"),
    [
        (None, 31000, {"one": "10.1.0.1:31000", "two": "10.1.0.2:31000"}),
        (None, 30000, {"one": "10.1.0.1:30000", "two": "10.1.0.2:30000"}),
        ("kind", 31000, {"one": "10.1.0.1:31000", "two": "10.1.0.2:31000"}),
        ("kind", 30000, {"one": "127.0.0.1:30000", "two": "127.0.0.1:30001"}),
    ],
)
def test_a_load_goes_to_its_node_port_by_the_doors_of_a_cluster_made_here_where_they_lead_to_it(
    checkout: Existing, monkeypatch: pytest.MonkeyPatch, kind: str | None, node_port: int, doors: dict[str, str]
) -> None:
    monkeypatch.setattr(services, "read", lambda *_: spec(0, node_port))
    monkeypatch.setattr(checkout._bench.cluster, "kind", kind)
    with pytest.raises(EvenlyError, match="no ready endpoint"):
        checkout.__enter__()
    assert checkout._doors == doors | {external.LOAD_BALANCER: "192.0.2.7:80"}
    assert checkout.nodes == ("one", "two")
    assert checkout._began_s > 0


@pytest.mark.parametrize(
    ("selector", "endpoints", "whole"),
    [
        ({"app": "checkout"}, {"a", "b"}, True),
        ({"app": "checkout"}, {"a"}, False),
        ({"app": "checkout"}, {"a", "b", "other"}, False),
        ({}, {"a"}, True),
    ],
)
def test_its_endpoints_are_whole_when_they_are_the_ready_pods_that_it_selects(
    checkout: Existing, monkeypatch: pytest.MonkeyPatch, selector: dict[str, str], endpoints: set[str], *, whole: bool
) -> None:
    def pod(uid: str, app: str, *, ready: bool = True) -> Pod:
        return Pod(uid, uid, "one", "", ready=ready, owner="", labels={"app": app, "tier": "x"}, created_at="", note="")

    pods = (pod("a", "checkout"), pod("b", "checkout"), pod("c", "checkout", ready=False), pod("other", "shop"))
    monkeypatch.setattr(adopt, "in_namespace", lambda _: pods)
    monkeypatch.setattr(services, "read", lambda *_: replace(spec(31000), selector=selector))
    checkout._endpoints = cast("Any", SimpleNamespace(ready=frozenset(endpoints)))
    assert checkout._endpoints_are_whole() is whole
