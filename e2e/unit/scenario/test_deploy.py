"""What is awaited once a Service was made, and what is taken away when it is no longer needed."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from types import SimpleNamespace
from typing import Self

import pytest

from evenly.k8s import namespace, nodes, services
from evenly.k8s.converge import Settled
from evenly.k8s.namespace import Namespace
from evenly.k8s.nodes import Node
from evenly.k8s.senders import client_pods
from evenly.k8s.services import Port, Spec
from evenly.scenario import deploy as module
from evenly.scenario.deploy import DeployedTarget, Files, deploy
from evenly.scenario.target import ServiceRef
from unit.factories import pod
from unit.fakes import Nodes, a_testbed

MANIFESTS = ("backend.yaml", "spring-service.yaml")
SPEC = Spec("None", "Cluster", {}, (Port(8080, "8080", 30000, ""),))

Deploying = Callable[..., AbstractContextManager[DeployedTarget]]


class Watch:
    """Stands for the watch of a Service's endpoints."""

    def __init__(self, *_: object) -> None: ...

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None: ...


@pytest.fixture
def diary() -> list[str]:
    return []


@pytest.fixture
def deploying(monkeypatch: pytest.MonkeyPatch, diary: list[str]) -> Deploying:
    """Deploy a Service in a cluster that takes everything, and says what it was to wait for and to delete."""
    monkeypatch.setattr(module, "EndpointsWatch", Watch)
    monkeypatch.setattr(module, "await_rules", lambda _, __, nodes: diary.append(f"await the rules of {', '.join(nodes)}"))
    monkeypatch.setattr(namespace, "create", lambda *_: Namespace(None, "home"))
    monkeypatch.setattr(namespace, "delete", lambda home: diary.append(f"delete {home.name}"))
    monkeypatch.setattr(namespace, "delete_service", lambda name, home: diary.append(f"delete {home.name}/{name}"))
    monkeypatch.setattr(nodes, "everyone", lambda _: (Node("one", "10.1.0.1", ""), Node("two", "10.1.0.2", "")))
    monkeypatch.setattr(services, "read", lambda *_: SPEC)
    monkeypatch.setattr(client_pods, "await_pods", lambda *_: (pod("client"),))
    monkeypatch.setattr(ServiceRef, "inside", lambda _: SimpleNamespace(name="spring-service.home:8080"))

    def deployed(*, client_pods: int = 0, opened: bool = True) -> AbstractContextManager[DeployedTarget]:
        convergence = SimpleNamespace(wait=lambda *_: Settled((pod("a"),), opened=opened))
        monkeypatch.setattr(module, "Convergence", lambda *_, **__: convergence)
        return deploy(a_testbed(Nodes()), "it", Files(MANIFESTS, client_pods=client_pods), apply=lambda *_: None)

    return deployed


@pytest.mark.parametrize(
    ("opened", "awaited"), [(True, []), (False, ["await the rules of one"])], ids=["all answered", "some did not"]
)
def test_the_rules_are_waited_for_where_not_all_pods_have_answered(
    deploying: Deploying, diary: list[str], awaited: list[str], *, opened: bool
) -> None:
    with deploying(opened=opened):
        assert diary == awaited


@pytest.mark.parametrize(
    ("pods", "deleted"),
    [
        (0, ["delete home/spring-service", "delete home"]),
        (1, ["delete home/client", "delete home/spring-service", "delete home"]),
    ],
    ids=["from outside", "from client pods"],
)
def test_every_service_is_deleted_before_its_namespace_as_the_next_may_need_its_node_port(
    deploying: Deploying, diary: list[str], pods: int, deleted: list[str]
) -> None:
    with deploying(client_pods=pods):
        assert diary == []
    assert diary == deleted


def test_what_is_left_stays_in_the_cluster(deploying: Deploying, diary: list[str]) -> None:
    with deploying(client_pods=1) as target:
        target.leave()
    assert diary == []
