"""What a test holds: facts of a Service, and what cannot be done to one in a cluster that was not made here."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from evenly.cluster.foreign_cluster import ForeignCluster
from evenly.errors import NotApplicableError
from evenly.k8s import changes
from evenly.k8s.converge import Settled
from evenly.k8s.namespace import Namespace
from evenly.k8s.services import Port
from evenly.scenario import service as module
from evenly.scenario.existing import ExistingService
from evenly.scenario.service import ServiceUnderTest
from evenly.scenario.target import EntryPoints, ServiceRef
from unit.factories import pod
from unit.fakes import FakeTarget, a_testbed

THEIRS = ForeignCluster("theirs", Path("config"), {}, "theirs")
NO_LOADS: Any = SimpleNamespace(send=None, sustain=None)
REF = ServiceRef(Namespace(None, "shop"), "checkout", Port(80, "http", 31000, ""))


def service(target: FakeTarget) -> ServiceUnderTest:
    target.ref = REF
    return ServiceUnderTest(a_testbed(THEIRS), cast("Any", target), NO_LOADS, cast("Any", None))


def test_kube_proxy_of_somebodys_cluster_is_not_restarted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changes, "kube_proxy", lambda _: frozenset({"uid"}))
    monkeypatch.setattr(changes, "delete_kube_proxy", lambda _: pytest.fail("it was deleted"))
    with pytest.raises(NotApplicableError, match="evenly did not make theirs: its kube-proxy is not restarted"):
        service(FakeTarget()).restart_kube_proxy()


def test_pods_that_are_all_on_one_node_are_not_apart() -> None:
    together = (pod("a", node="one"), pod("b", node="one"))
    service(FakeTarget(settled=Settled((*together, pod("c", node="two")), opened=True))).check_apart()
    with pytest.raises(NotApplicableError, match="all pods of checkout are on one"):
        service(FakeTarget(settled=Settled(together, opened=True))).check_apart()


def test_the_node_port_is_the_services_own() -> None:
    entries = EntryPoints({"two": "10.1.0.2:31000", "one": "10.1.0.1:31000"}, 31000)
    existing = ExistingService(FakeTarget(ref=REF, entries=entries), NO_LOADS)
    assert existing.node_port == "10.1.0.2:31000"
    assert existing.nodes == ("two", "one")


def test_a_killed_pod_is_back_in_the_rules_before_the_service_is_asked_whether_it_has_settled(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    diary: list[str] = []

    @contextmanager
    def change(_: str, settle: Callable[[], None]) -> Iterator[None]:
        yield
        settle()

    cluster = SimpleNamespace(kill=lambda node, uid, program: diary.append(f"{program} of {uid} on {node} killed"))
    target = FakeTarget(ref=REF)
    monkeypatch.setattr(target, "settle", lambda **_: diary.append("settled"))
    monkeypatch.setattr(changes, "restarts", lambda *_: 1)
    monkeypatch.setattr(changes, "await_restart", lambda _, one, before, __: diary.append(f"{one.uid} back after {before}"))
    monkeypatch.setattr(module, "await_rules", lambda _, __, nodes: diary.append(f"in the rules of {', '.join(nodes)}"))
    loads: Any = SimpleNamespace(send=None, sustain=None, change=change)
    ServiceUnderTest(a_testbed(cluster), cast("Any", target), loads, cast("Any", None)).kill(pod("a"))
    assert diary == ["nginx of a on worker killed", "a back after 1", "in the rules of one", "settled"]
