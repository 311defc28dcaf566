"""A Service is read from the JSON that an API server gives, through the client's own types."""

import json
from typing import Any

import pytest
from kubernetes.client import ApiClient

from evenly.k8s import services
from evenly.k8s.namespace import Namespace

SHOP = Namespace(None, "shop")


class Core:
    """Plays the core API: one Service, as ``kubectl get service -o json`` prints it, until its status is patched."""

    def __init__(self, spec: dict[str, Any], *ingress: dict[str, str]) -> None:
        self.service = {"spec": spec, "status": {"loadBalancer": {"ingress": list(ingress)} if ingress else {}}}

    def read_namespaced_service(self, name: str, namespace: str) -> Any:  # noqa: ANN401 - the client's object
        assert (name, namespace) == ("spring-service", "shop")
        return ApiClient().deserialize(json.dumps(self.service), "V1Service", "application/json")

    read_namespaced_service_status = read_namespaced_service

    def patch_namespaced_service_status(self, name: str, namespace: str, body: dict[str, Any]) -> None:
        assert (name, namespace) == ("spring-service", "shop")
        self.service |= body


def stand_in(monkeypatch: pytest.MonkeyPatch, core: Core) -> None:
    monkeypatch.setattr(services, "CoreV1Api", lambda _: core)


def test_a_services_own_words_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    spec = {
        "type": "NodePort",
        "selector": {"app": "backend-app"},
        "sessionAffinity": "ClientIP",
        "externalTrafficPolicy": "Local",
        "internalTrafficPolicy": "Cluster",
        "trafficDistribution": "PreferSameZone",
        "ports": [
            {"name": "http", "port": 80, "targetPort": "web", "nodePort": 30000, "protocol": "TCP"},
            {"name": "admin", "port": 81, "targetPort": 8081, "nodePort": 30001, "protocol": "TCP"},
        ],
    }
    stand_in(monkeypatch, Core(spec))
    assert services.read("spring-service", SHOP) == services.Spec(
        session_affinity=services.CLIENT_IP,
        external_traffic_policy=services.LOCAL,
        internal_traffic_policy="Cluster",
        traffic_distribution="PreferSameZone",
        selector={"app": "backend-app"},
        ports=(services.Port(80, "web", 30000, "http"), services.Port(81, "8081", 30001, "admin")),
    )


def test_what_a_service_does_not_say_is_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(monkeypatch, Core({"clusterIP": "10.96.0.7", "ports": [{"port": 80, "targetPort": 8080}]}))
    assert services.read("spring-service", SHOP) == services.Spec("", "", {}, (services.Port(80, "8080", 0, ""),))
    stand_in(monkeypatch, Core({"type": "ExternalName", "externalName": "example.com"}))
    assert services.read("spring-service", SHOP).ports == ()


def test_a_services_name_and_address_are_those_that_a_pod_uses(monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(monkeypatch, Core({"type": "ClusterIP", "clusterIP": "10.96.0.7", "ports": [{"port": 8080}]}))
    view = services.view_from_inside("spring-service", SHOP)
    assert view == services.View("ClusterIP", "spring-service.shop.svc.cluster.local:8080", "10.96.0.7:8080")


def test_an_external_address_is_pending_until_it_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(monkeypatch, Core({"type": "LoadBalancer"}))
    assert not services.external_address("spring-service", SHOP)
    services.give_external_address("spring-service", SHOP, "172.18.0.5")
    assert services.external_address("spring-service", SHOP) == "172.18.0.5"


def test_a_provider_may_give_a_name_instead(monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(monkeypatch, Core({"type": "LoadBalancer"}, {"hostname": "lb.example"}))
    assert services.external_address("spring-service", SHOP) == "lb.example"
