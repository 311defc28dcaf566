"""A Service's external address is what its status says."""

from types import SimpleNamespace
from typing import Any

import pytest

from evenly.k8s import external
from evenly.k8s.namespace import Namespace

SHOP = Namespace(None, "shop")


class Core:
    """Plays the core API: one Service, pending until its status is patched."""

    def __init__(self, *ingress: Any) -> None:  # noqa: ANN401 - stands for the client's objects
        self.ingress = list(ingress) or None

    def read_namespaced_service_status(self, name: str, namespace: str) -> Any:  # noqa: ANN401 - same
        assert (name, namespace) == ("spring-service", "shop")
        return SimpleNamespace(status=SimpleNamespace(load_balancer=SimpleNamespace(ingress=self.ingress)))

    def patch_namespaced_service_status(self, name: str, namespace: str, body: Any) -> None:  # noqa: ANN401 - same
        assert (name, namespace) == ("spring-service", "shop")
        given = body["status"]["loadBalancer"]["ingress"]
        self.ingress = [SimpleNamespace(ip=one["ip"], hostname=None) for one in given]


def test_an_address_is_pending_until_it_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    core = Core()
    monkeypatch.setattr(external, "CoreV1Api", lambda _: core)
    assert not external.address("spring-service", SHOP)
    external.give("spring-service", SHOP, "172.18.0.5")
    assert external.address("spring-service", SHOP) == "172.18.0.5"


def test_a_provider_may_give_a_name_instead(monkeypatch: pytest.MonkeyPatch) -> None:
    core = Core(SimpleNamespace(ip=None, hostname="lb.example"))
    monkeypatch.setattr(external, "CoreV1Api", lambda _: core)
    assert external.address("spring-service", SHOP) == "lb.example"
