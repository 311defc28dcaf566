import json
from types import SimpleNamespace
from typing import Any

import pytest
from kubernetes.client import ApiClient
from kubernetes.client.exceptions import ApiException
from kubernetes.utils import FailToCreateError

from evenly.errors import EvenlyError
from evenly.workload import namespace as module
from evenly.workload.namespace import Namespace, apply, create, delete_service

SHOP = Namespace(None, "shop")
SERVICE = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "spring-service"}}


def refusal(words: str, status: int = 400) -> ApiException:
    error = ApiException(status=status, reason="Bad Request")
    error.body = json.dumps({"message": words})
    return error


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


def test_objects_are_applied_strictly(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[dict[str, Any]] = []
    monkeypatch.setattr(module, "create_from_dict", lambda *_, **options: asked.append(options))
    apply([SERVICE], SHOP)
    assert asked == [{"namespace": "shop", "field_validation": "Strict"}]


def test_a_refusal_is_told_in_the_api_servers_own_words(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise FailToCreateError([refusal('strict decoding error: unknown field "spec.ports[0].nordPort"')])

    monkeypatch.setattr(module, "create_from_dict", refuse)
    with pytest.raises(EvenlyError, match=r'refuses Service spring-service: strict decoding error: unknown field "spec\.'):
        apply([SERVICE], SHOP)


@pytest.mark.parametrize(("version", "kind"), [("v1", "Servise"), ("apps/v9", "Deployment")])
def test_an_object_of_no_known_kind_is_refused_by_name(version: str, kind: str) -> None:
    with pytest.raises(EvenlyError, match=f"{kind} shop is of no known kind in {version}"):
        apply([{"apiVersion": version, "kind": kind, "metadata": {"name": "shop"}}], Namespace(ApiClient(), "shop"))


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
    monkeypatch.setattr(module, "SERVICE_GONE_LIMIT_S", 0.05)
    with pytest.raises(EvenlyError, match=r"Service shop/spring-service is still there"):
        delete_service("spring-service", SHOP)
