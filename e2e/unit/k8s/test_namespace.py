import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

import pytest
from kubernetes.client import ApiClient, Configuration
from kubernetes.client.exceptions import ApiException

from evenly import limits
from evenly.errors import EvenlyError
from evenly.k8s import namespace as module
from evenly.k8s.namespace import Namespace, apply, create, delete_service

SHOP = Namespace(None, "shop")
SERVICE = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "spring-service"}}
HOLDER = {"metadata": {"name": "spring-service", "namespace": "old"}, "spec": {"ports": [{"port": 8080, "nodePort": 30000}]}}


def refusal(words: str, status: int = 400) -> ApiException:
    error = ApiException(status=status, reason="Bad Request")
    error.body = json.dumps({"message": words})
    return error


V1 = {"version": "v1"}


class Core:
    """Plays the core API: keeps what it is asked, and has Services that take their time to go."""

    def __init__(self, reads_until_gone: int = 0) -> None:
        self.made: list[Any] = []
        self.deleted: list[str] = []
        self._reads_left = reads_until_gone

    def create_namespace(self, body: Any) -> None:  # noqa: ANN401 - what the client takes
        self.made.append(body)

    def delete_namespaced_service(self, name: str, _: str) -> None:
        self.deleted.append(name)

    def read_namespaced_service(self, _name: str, _namespace: str) -> object:
        self._reads_left -= 1
        if self._reads_left < 0:
            raise refusal("not found", status=404)
        return SimpleNamespace()


class ApiServer(BaseHTTPRequestHandler):
    """Plays an API server that knows Services and ClusterRoles, and a Service's fields when it is to be strict."""

    GETS: ClassVar[dict[str, object]] = {
        "/version": {"major": "1", "minor": "37"},
        "/apis": {
            "kind": "APIGroupList",
            "groups": [{"name": "rbac.authorization.k8s.io", "versions": [V1], "preferredVersion": V1}],
        },
        "/api/v1": {
            "kind": "APIResourceList",
            "resources": [{"name": "services", "kind": "Service", "namespaced": True, "verbs": ["create"]}],
        },
        "/apis/rbac.authorization.k8s.io/v1": {
            "kind": "APIResourceList",
            "resources": [{"name": "clusterroles", "kind": "ClusterRole", "namespaced": False, "verbs": ["create"]}],
        },
        "/api/v1/services": {"kind": "ServiceList", "items": [HOLDER]},
    }
    made: ClassVar[list[tuple[str, Any]]] = []

    def do_GET(self) -> None:
        found = self.GETS.get(urlsplit(self.path).path)
        self._answer(200 if found else 404, found or {"message": "not found"})

    def do_POST(self) -> None:
        url = urlsplit(self.path)
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        port = body["spec"]["ports"][0]
        if "nordPort" in port and parse_qs(url.query) == {"fieldValidation": ["Strict"]}:
            self._answer(400, {"message": 'strict decoding error: unknown field "spec.ports[0].nordPort"'})
        elif port.get("nodePort") == 30000:
            self._answer(422, {"message": "spec.ports[0].nodePort: Invalid value: 30000: provided port is already allocated"})
        else:
            self.made.append((url.path, body))
            self._answer(201, body)

    def _answer(self, status: int, body: object) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:  # noqa: ANN401 - the library's signature
        pass


@pytest.fixture
def shop() -> Iterator[Namespace]:
    """A namespace of an API server on loopback."""
    ApiServer.made.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), ApiServer) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        with ApiClient(Configuration(host=f"http://127.0.0.1:{server.server_port}")) as api:
            yield Namespace(api, "shop")
        server.shutdown()


def a_service(**port: int) -> dict[str, Any]:
    return {**SERVICE, "spec": {"ports": [{"port": 8080, **port}]}}


def test_objects_are_made_in_their_namespace(shop: Namespace) -> None:
    apply([a_service()], shop)
    assert ApiServer.made == [("/api/v1/namespaces/shop/services", a_service())]


def test_an_unknown_field_is_refused_in_the_api_servers_own_words(shop: Namespace) -> None:
    with pytest.raises(EvenlyError, match=r'refuses Service spring-service: strict decoding error: unknown field "spec\.'):
        apply([a_service(nordPort=30000)], shop)
    assert ApiServer.made == []


def test_a_node_port_that_is_taken_is_told_with_its_holder(shop: Namespace) -> None:
    with pytest.raises(EvenlyError, match="already allocated") as refusal:
        apply([a_service(nodePort=30000)], shop)
    assert "Service old/spring-service has that node port" in refusal.value.remedy
    assert "kubectl delete namespace old" in refusal.value.remedy


@pytest.mark.parametrize(("version", "kind"), [("v1", "Servise"), ("apps/v9", "Deployment")])
def test_an_object_of_no_known_kind_is_refused_by_name(shop: Namespace, version: str, kind: str) -> None:
    with pytest.raises(EvenlyError, match=f"{kind} shop is of no known kind in {version}"):
        apply([{"apiVersion": version, "kind": kind, "metadata": {"name": "shop"}}], shop)


def test_an_object_that_would_outlive_the_namespace_is_refused(shop: Namespace) -> None:
    role = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "all"}}
    with pytest.raises(EvenlyError, match="ClusterRole all is of no namespace"):
        apply([role], shop)


def test_a_namespace_is_labelled_as_ours_and_its_name_is_one_that_kubernetes_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    core = Core()
    monkeypatch.setattr(module, "CoreV1Api", lambda _: core)
    made = create(None, "2026-11-24T0214-3f9c", "Spread[30000]_" + "x" * 80)
    assert made.name.startswith("evenly-3f9c-spread-30000-xxx")
    assert len(made.name) == 63
    assert core.made[0]["metadata"]["labels"] == {
        "app.kubernetes.io/managed-by": "evenly",
        "evenly/run": "2026-11-24T0214-3f9c",
    }


def test_deleting_a_service_waits_until_its_node_port_is_free(monkeypatch: pytest.MonkeyPatch) -> None:
    core = Core(reads_until_gone=2)
    monkeypatch.setattr(module, "CoreV1Api", lambda _: core)
    delete_service("spring-service", SHOP)
    assert core.deleted == ["spring-service"]
    assert core._reads_left == -1


def test_a_service_that_does_not_go_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CoreV1Api", lambda _: Core(reads_until_gone=10**6))
    monkeypatch.setattr(limits, "SERVICE_GONE_S", 0.05)
    with pytest.raises(EvenlyError, match=r"Service shop/spring-service is still there"):
        delete_service("spring-service", SHOP)
