from types import SimpleNamespace

import pytest

from evenly.k8s import services
from evenly.k8s.namespace import Namespace


@pytest.mark.parametrize(
    ("target_port", "node_port", "read"),
    [(8080, 30000, services.Port(80, "8080", 30000, "")), ("http", None, services.Port(80, "http", 0, ""))],
)
def test_a_services_own_words_are_read(
    monkeypatch: pytest.MonkeyPatch, target_port: int | str, node_port: int | None, read: services.Port
) -> None:
    port = SimpleNamespace(port=80, target_port=target_port, node_port=node_port, name=None)
    spec = SimpleNamespace(
        session_affinity="None",
        external_traffic_policy=None,
        selector={"app": "a"},
        ports=[port],
        traffic_distribution="PreferSameZone",
        internal_traffic_policy="Local",
    )
    api = SimpleNamespace(read_namespaced_service=lambda *_: SimpleNamespace(spec=spec))
    monkeypatch.setattr(services, "CoreV1Api", lambda _: api)
    wanted = services.Spec("None", "", {"app": "a"}, (read,), "PreferSameZone", "Local")
    assert services.read("shop", Namespace(None, "ns")) == wanted
