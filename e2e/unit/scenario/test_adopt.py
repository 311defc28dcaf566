"""A Service that is there already: what keeps it from being judged is said first, and what its owner changes is seen."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from itertools import chain, repeat
from pathlib import Path
from typing import Any, Self, cast

import pytest
from kubernetes.client.exceptions import ApiException

from evenly import header, limits
from evenly.cluster.foreign_cluster import ForeignCluster
from evenly.cluster.host.ports import NODE_PORT
from evenly.errors import EvenlyError
from evenly.k8s import nodes, services
from evenly.k8s.endpoints import Reading
from evenly.k8s.namespace import Namespace
from evenly.k8s.nodes import Node
from evenly.k8s.pods import Pod
from evenly.k8s.services import Port, Spec
from evenly.load.answer import Answer
from evenly.load.rows import Row
from evenly.scenario import adopt as module
from evenly.scenario.adopt import AdoptedTarget, adopt
from evenly.scenario.epochs import Change
from evenly.scenario.target import EntryPoints, ServiceRef
from evenly.settings import Settings
from unit.factories import pod
from unit.fakes import Endpoints, a_kind_cluster, a_testbed

NODES = (Node("one", "10.1.0.1", ""), Node("two", "10.1.0.2", ""))
THEIRS = ForeignCluster("theirs", Path("config"), {}, "theirs")
OURS = replace(a_kind_cluster(), entries={"one": "127.0.0.1:30000", "two": "127.0.0.1:30001"})
S = 1_000_000_000


def spec(*node_ports: int) -> Spec:
    return Spec("None", "Cluster", {}, tuple(Port(80, "http", node_port, "") for node_port in node_ports))


class Watch:
    """Stands for the watch of a Service with these endpoints."""

    ready = frozenset[str]()

    def __init__(self, *_: object) -> None: ...

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None: ...


Adopting = Callable[..., AbstractContextManager[AdoptedTarget]]


@pytest.fixture
def adopting(monkeypatch: pytest.MonkeyPatch) -> Adopting:
    monkeypatch.setattr(module, "EndpointsWatch", Watch)
    monkeypatch.setattr(module, "in_namespace", lambda _: (pod("a"), pod("b")))
    monkeypatch.setattr(module, "ask", lambda *_: Answer("pod-a", "a", "", 0, 1, ""))
    monkeypatch.setattr(limits, "ALL_ANSWERED_S", 2)
    monkeypatch.setattr(nodes, "everyone", lambda _: NODES)
    monkeypatch.setattr(services, "external_address", lambda *_: "192.0.2.7")

    def found(cluster: object = THEIRS) -> AbstractContextManager[AdoptedTarget]:
        return adopt(a_testbed(cluster, settings=Settings(converge_s=0)), "shop/checkout", header("X-Pod"))

    return found


def test_one_that_is_not_there_is_named_with_those_that_are(adopting: Adopting, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_: object) -> Spec:
        raise ApiException(404, "Not Found")

    monkeypatch.setattr(services, "read", missing)
    with pytest.raises(EvenlyError, match=r"no Service shop/checkout: Not Found\n.*kubectl -n shop get service"), adopting():
        pytest.fail("it was found")


def test_one_that_nothing_outside_reaches_is_refused(adopting: Adopting, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "read", lambda *_: spec(0))
    with pytest.raises(EvenlyError, match=r"shop/checkout has no node port.*\n.*NodePort or LoadBalancer"), adopting():
        pytest.fail("it was reached")


def test_one_without_endpoints_is_refused(adopting: Adopting, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "read", lambda *_: spec(31000))
    with pytest.raises(EvenlyError, match=r"shop/checkout has no ready endpoint.*\n.*get endpointslices,pods"), adopting():
        pytest.fail("it answered")


@pytest.mark.parametrize(
    ("cluster", "node_port", "entries"),
    [
        (THEIRS, 31000, {"one": "10.1.0.1:31000", "two": "10.1.0.2:31000"}),
        (THEIRS, NODE_PORT, {"one": "10.1.0.1:30000", "two": "10.1.0.2:30000"}),
        (OURS, 31000, {"one": "10.1.0.1:31000", "two": "10.1.0.2:31000"}),
        (OURS, NODE_PORT, {"one": "127.0.0.1:30000", "two": "127.0.0.1:30001"}),
    ],
    ids=["theirs", "theirs at our port", "ours", "ours at our port"],
)
def test_a_load_goes_to_its_node_port_by_the_mapped_ports_of_a_cluster_made_here_where_they_lead_to_it(
    adopting: Adopting, monkeypatch: pytest.MonkeyPatch, cluster: object, node_port: int, entries: dict[str, str]
) -> None:
    monkeypatch.setattr(services, "read", lambda *_: spec(0, node_port))
    monkeypatch.setattr(Watch, "ready", frozenset({"a"}))
    with adopting(cluster) as target:
        assert target.entries.nodes == entries
        assert target.entries.balancers == {services.LOAD_BALANCER: "192.0.2.7:80"}
        assert target.entries.node_port == target.ref.port.node_port == node_port
        assert [pod.uid for pod in target.settled.expected] == ["a"]
        assert target.settled.opened


@pytest.mark.parametrize(("stale", "opened"), [(30, True), (10_000, False)], ids=["for a while", "for good"])
def test_a_pod_that_has_just_left_is_waited_for_until_it_answers_no_more(
    adopting: Adopting, monkeypatch: pytest.MonkeyPatch, stale: int, *, opened: bool
) -> None:
    answers = chain(["gone", "a"] * stale, repeat("a"))
    asked: list[str] = []

    def ask(*_: object) -> Answer:
        asked.append(next(answers))
        return Answer(f"pod-{asked[-1]}", asked[-1], "", 0, 1, "")

    monkeypatch.setattr(module, "ask", ask)
    monkeypatch.setattr(services, "read", lambda *_: spec(31000))
    monkeypatch.setattr(Watch, "ready", frozenset({"a"}))
    with adopting() as target:
        assert target.settled.opened is opened
        assert (asked[-50:] == ["a"] * 50) is opened


def test_endpoints_that_lag_behind_its_pods_are_waited_for(adopting: Adopting, monkeypatch: pytest.MonkeyPatch) -> None:
    looks = 0

    def ready_at_the_second_look(_: object) -> tuple[Pod, ...]:
        nonlocal looks
        looks += 1
        monkeypatch.setattr(Watch, "ready", frozenset("ab" if looks > 1 else "a"))
        return pod("a"), pod("b")

    monkeypatch.setattr(services, "read", lambda *_: replace(spec(31000), selector={"app": "backend-app"}))
    monkeypatch.setattr(Watch, "ready", frozenset("a"))
    monkeypatch.setattr(module, "in_namespace", ready_at_the_second_look)
    with adopting() as target:
        assert uids(target.settled.expected) == "ab"


def target(*readings: Reading) -> AdoptedTarget:
    ref = ServiceRef(Namespace(None, "shop"), "checkout", Port(80, "http", 31000, ""))
    entries = EntryPoints({"one": "10.1.0.1:31000"}, 31000)
    watch = cast("Any", Endpoints(list(readings) or [Reading(0, frozenset("ab"))]))
    return AdoptedTarget(a_testbed(THEIRS), ref, header("X-Pod"), watch, NODES, entries)


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
    monkeypatch: pytest.MonkeyPatch, selector: dict[str, str], endpoints: set[str], *, whole: bool
) -> None:
    ours, theirs = {"app": "checkout", "tier": "x"}, {"app": "shop", "tier": "x"}
    pods = (pod("a", labels=ours), pod("b", labels=ours), pod("c", labels=ours, ready=False), pod("other", labels=theirs))
    monkeypatch.setattr(module, "in_namespace", lambda _: pods)
    monkeypatch.setattr(services, "read", lambda *_: replace(spec(31000), selector=selector))
    assert target(Reading(0, frozenset(endpoints))).endpoints_are_whole() is whole


def row(uid: str, at_s: float) -> Row:
    return Row(1, round(at_s * 1e6), 90, 500, uid, uid, "", 0, 1, "", None)


def test_a_pod_that_came_meanwhile_is_known_by_its_uid_whatever_it_is_called(monkeypatch: pytest.MonkeyPatch) -> None:
    adopted = target()
    monkeypatch.setattr(module, "in_namespace", lambda _: (pod("c", ip="10.244.1.99"),))
    named = adopted.resolved([row("pod-c", 1), row("10.244.1.99", 2), row("c", 3), row("stranger", 4)])
    assert [one.uid for one in named] == ["c", "c", "c", "stranger"]


BEGUN = Change("", 10 * S, 10 * S, (pod("a"), pod("b")))


@pytest.fixture
def rolled_out(monkeypatch: pytest.MonkeyPatch) -> AdoptedTarget:
    """One whose pods a and b were replaced by c and d from 12 to 16 s, and that was scaled to three at 30 s."""
    monkeypatch.setattr(module, "in_namespace", lambda _: tuple(map(pod, "abcde")))
    times = {0: "ab", 12: "abc", 13: "bc", 15: "bcd", 16: "cd", 30: "cde"}
    return target(*(Reading(at_s * S, frozenset(uids)) for at_s, uids in times.items()))


def uids(pods: tuple[Pod, ...]) -> str:
    return "".join(pod.uid for pod in pods)


def test_all_changes_between_two_verdicts_are_one(rolled_out: AdoptedTarget) -> None:
    changes = rolled_out.changes_seen([BEGUN], [11 * S, 25 * S])
    assert [(change.asked_ns // S, change.done_ns // S, uids(change.pods)) for change in changes] == [
        (10, 10, "ab"),
        (12, 16, "cd"),
        (30, 30, "cde"),
    ]
    assert [uids(change.passing) for change in changes] == ["", "ab", ""]


def test_without_a_verdict_in_between_all_of_them_are_one(rolled_out: AdoptedTarget) -> None:
    (_, change) = rolled_out.changes_seen([BEGUN], [])
    assert (change.asked_ns // S, change.done_ns // S, uids(change.pods), uids(change.passing)) == (12, 30, "cde", "ab")


def test_a_service_that_lost_all_its_pods_is_held_to_those_that_it_had(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "in_namespace", lambda _: tuple(map(pod, "ab")))
    (_, change) = target(Reading(0, frozenset("ab")), Reading(12 * S, frozenset())).changes_seen([BEGUN], [])
    assert uids(change.pods) == "ab"
