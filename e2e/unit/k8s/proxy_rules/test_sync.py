"""Rules are in sync when they hold an endpoint that came after all changes, on each node that is asked for."""

from types import SimpleNamespace
from typing import Any

import pytest

from evenly import limits
from evenly.errors import EvenlyError
from evenly.k8s.namespace import Namespace
from evenly.k8s.proxy_rules import reader, sync
from evenly.k8s.proxy_rules.rules import Rules
from evenly.k8s.proxy_rules.sync import await_rules

SHOP = Namespace(None, "shop")


class Cluster:
    """Plays the API server, and nodes that write what it says after having been looked at so many times."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, **looks: int) -> None:
        self.said: list[str] = []
        self.looks = looks
        monkeypatch.setattr(sync, "CoreV1Api", lambda _: self)
        monkeypatch.setattr(sync, "DiscoveryV1Api", lambda _: self)
        monkeypatch.setattr(reader, "read", lambda on_node: on_node("read"))

    def create_namespaced_service(self, namespace: str, body: Any) -> Any:  # noqa: ANN401 - the client's object
        assert "selector" not in body["spec"]
        self.said.append("Service")
        return SimpleNamespace(metadata=SimpleNamespace(name=f"{namespace}-1"))

    def create_namespaced_endpoint_slice(self, _: str, body: Any) -> None:  # noqa: ANN401 - the client's object
        assert body["metadata"]["labels"] == {"kubernetes.io/service-name": "shop-1"}
        self.said.append("endpoint")

    def delete_namespaced_service(self, name: str, namespace: str) -> None:
        assert (name, namespace) == ("shop-1", "shop")
        self.said.append("gone")

    rules_are_read = True

    def exec(self, node: str, _: str) -> Any:  # noqa: ANN401 - goes through the read above, untouched
        self.looks[node] -= 1
        has_it = self.looks[node] < 0 and self.said == ["Service", "endpoint"]
        others = Rules("shop/checkout", "10.96.0.8:80", "KUBE-SVC-B", None, {"10.244.1.7:8080": None})
        return [others, Rules("shop/shop-1", "10.96.0.7:9", "KUBE-SVC-A", None, {"192.0.2.1:9": None} if has_it else {})]


def wait(cluster: Any) -> None:  # noqa: ANN401 - plays the way onto the nodes, too
    await_rules(SHOP, cluster, ["one", "two"])


def test_each_node_is_waited_for_and_nothing_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = Cluster(monkeypatch, one=2, two=0, three=9)
    wait(cluster)
    assert cluster.looks == {"one": -1, "two": -1, "three": 9}
    assert cluster.said == ["Service", "endpoint", "gone"]


def test_a_node_that_does_not_catch_up_is_named_and_nothing_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "RULES_S", 0.0)
    cluster = Cluster(monkeypatch, one=0, two=9)
    with pytest.raises(EvenlyError, match=r"the rules of two do not yet hold .*\n.*logs -l k8s-app=kube-proxy"):
        wait(cluster)
    assert cluster.said[-1] == "gone"


def test_where_the_rules_cannot_be_read_nothing_is_waited_for_or_made(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = Cluster(monkeypatch, one=9, two=9)
    cluster.rules_are_read = False
    wait(cluster)
    assert (cluster.said, cluster.looks) == ([], {"one": 9, "two": 9})
