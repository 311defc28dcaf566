import itertools
import re
from types import SimpleNamespace
from typing import Any

import pytest

from evenly.errors import EvenlyError
from evenly.k8s.manifest import at, check_way_in, only, read
from evenly.k8s.namespace import Namespace
from evenly.k8s.probe import Reply
from evenly.k8s.senders import client_pods as module
from evenly.k8s.senders.client_pods import await_pods, await_ways, seen_from, so_many
from evenly.shipped import shipped

SHOP = Namespace(None, "shop")
DOCUMENTS = read(shipped("manifests/client.yaml"))


def pod(name: str, owner: str = "Deployment client", note: str = "", ip: str = "") -> Any:  # noqa: ANN401 - stands for a Pod
    return SimpleNamespace(name=name, owner=owner, note=note, ip=ip)


def test_as_many_client_pods_are_asked_for_as_are_wanted_and_nothing_else_changes() -> None:
    documents = so_many(DOCUMENTS, 5)
    assert at(only(documents, "Deployment", ""), "spec", "replicas") == 5
    assert at(only(DOCUMENTS, "Deployment", ""), "spec", "replicas") == 1
    assert so_many(documents, 1) == DOCUMENTS


def test_the_load_comes_in_at_the_node_port_and_no_service_under_test_takes_a_client_pod_in() -> None:
    check_way_in(only(DOCUMENTS, "Service", ""), 30000, "client.yaml")
    assert at(only(DOCUMENTS, "Deployment", ""), "spec", "template", "metadata", "labels") == {"app": "client"}


ALLOWED = [re.compile(pattern) for pattern in re.findall(r'"~(\^.*)" \$http_host;', DOCUMENTS[0]["data"]["nginx.conf"])]


@pytest.mark.parametrize(
    "host", ["spring-service.shop.svc.cluster.local:8080", "10.96.153.216:8080", "172.20.0.9:8080", "192.168.4.5:8080"]
)
def test_a_client_pod_leads_to_services_and_private_addresses(host: str) -> None:
    assert any(pattern.search(host) for pattern in ALLOWED)


@pytest.mark.parametrize(
    "host",
    [
        "example.com:8080",
        "8.8.8.8:8080",
        "172.32.0.1:8080",
        "169.254.169.254:8080",
        "10.96.0.1:443",
        "spring-service.shop.svc.cluster.local",
        "spring-service.shop.svc.cluster.local:8080.example.com:8080",
        "example.com/.shop.svc.cluster.local:8080",
        "10.96.0.7:8080@example.com",
    ],
)
def test_a_client_pod_leads_nowhere_else(host: str) -> None:
    assert len(ALLOWED) == 2
    assert not any(pattern.search(host) for pattern in ALLOWED)


def test_only_the_client_pods_are_returned_once_they_are_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    own = (pod("client-1"), pod("client-2"))
    monkeypatch.setattr(module, "rolled_out", lambda _, deployment: deployment == "client")
    monkeypatch.setattr(module, "in_namespace", lambda _: (pod("a", owner="Deployment backend-app"), *own))
    assert await_pods(SHOP, limit_s=0) == own


@pytest.mark.parametrize(
    ("pods", "words"),
    [((pod("client-1"), pod("client-2", note="Unschedulable: no CPU")), "client-2: Unschedulable: no CPU"), ((), "no pods")],
)
def test_client_pods_that_do_not_get_ready_are_told_in_the_clusters_words(
    pods: tuple[Any, ...], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "rolled_out", lambda *_: False)
    monkeypatch.setattr(module, "in_namespace", lambda _: pods)
    with pytest.raises(EvenlyError, match=f"after 0 s they are not ready: .*{words}") as error:
        await_pods(SHOP, limit_s=0)
    assert "kubectl -n shop describe pods -l app=client" in error.value.remedy


CLIENTS = (pod("client-1", ip="10.244.1.1"), pod("client-2", ip="10.244.1.2"))
ALL, NOBODY_MORE = frozenset("ab"), frozenset[str]()


def answers(*given: str) -> list[Reply]:
    """Answers by the pod and the client pod that each was given to: "a1"; "" is none."""
    return [Reply(uid=word[0], client=f"10.244.1.{word[1]}") if word else Reply() for word in given]


def test_the_ways_are_open_when_each_client_pod_has_been_answered_by_all_that_are_wanted_of_it() -> None:
    replies = answers("a1", "b1", "", "a2", "a1", "a9", "b2", "a1")
    await_ways(CLIENTS, lambda: replies.pop(0), lambda _: ALL, limit_s=5)
    assert len(replies) == 1


def test_one_answer_for_each_client_pod_is_enough_where_it_stays_on_its_pod() -> None:
    replies = answers("a1", "a1", "a2", "a1")
    await_ways(CLIENTS, lambda: replies.pop(0), lambda _: NOBODY_MORE, limit_s=5)
    assert len(replies) == 1


def test_a_client_pod_that_does_not_come_to_all_is_told() -> None:
    replies = itertools.cycle(answers("a1", "b1", "a2"))
    with pytest.raises(EvenlyError, match=r"after 0\.02 s not all pods .* have answered the client pods client-2\n"):
        await_ways(CLIENTS, lambda: next(replies), lambda _: ALL, limit_s=0.02)


@pytest.mark.parametrize(
    ("pods", "seen"),
    [
        ((), ""),
        ((pod("client-1"),), "10.96.0.7:8080 from client pod"),
        ((pod("1"), pod("2")), "10.96.0.7:8080 from 2 client pods"),
    ],
)
def test_the_record_says_where_a_load_went_and_whence(pods: tuple[Any, ...], seen: str) -> None:
    assert seen_from(pods, "10.96.0.7:8080") == seen


@pytest.mark.parametrize(
    "file", ["cluster-ip.yaml", "headless.yaml", "client-affinity.yaml", "same-node.yaml", "internal-policy.yaml"]
)
def test_a_scenarios_service_has_no_type_and_no_way_in_from_outside(file: str) -> None:
    service = only(read(shipped(f"manifests/{file}")), "Service", file)
    assert at(service, "spec", "type") is None
    with pytest.raises(EvenlyError, match="it has no nodePort"):
        check_way_in(service, 30000, file)
