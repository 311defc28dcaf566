"""When a change that a scenario makes is over."""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from evenly import limits
from evenly.errors import EvenlyError
from evenly.k8s import changes
from evenly.k8s.changes import await_restart
from evenly.k8s.endpoints import EndpointsWatch
from evenly.k8s.namespace import Namespace
from unit.factories import pod

POD = pod("uid-x", name="backend-app-x")


class Endpoints(EndpointsWatch):
    """Plays the watch: at each look the pod is an endpoint, or is none."""

    def __init__(self, is_ready: Sequence[bool]) -> None:
        self._is_ready = iter(is_ready)

    @property
    def ready(self) -> frozenset[str]:
        return frozenset({POD.uid}) if next(self._is_ready) else frozenset()


def wait(monkeypatch: pytest.MonkeyPatch, endpoints: Endpoints, *pods: tuple[int, bool]) -> int:
    """Return how often the pod was read, which at each reading is (restarts, ready); the last ones go on."""
    reads = 0

    class Core:
        def __init__(self, _: object) -> None: ...

        def read_namespaced_pod(self, name: str, namespace: str) -> Any:  # noqa: ANN401 - stands for the client's object
            nonlocal reads
            assert (name, namespace) == (POD.name, "shop")
            restarts, ready = pods[min(reads, len(pods) - 1)]
            reads += 1
            conditions = [SimpleNamespace(type="Ready", status=str(ready))]
            status = SimpleNamespace(conditions=conditions, container_statuses=[SimpleNamespace(restart_count=restarts)])
            return SimpleNamespace(status=status)

    monkeypatch.setattr(changes, "CoreV1Api", Core)
    await_restart(Namespace(None, "shop"), POD, 0, endpoints)
    return reads


def test_a_killed_pod_is_back_once_it_was_started_again_and_is_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    assert wait(monkeypatch, Endpoints([True]), (0, True), (1, False), (1, True)) == 3


def test_a_killed_pod_is_not_back_while_it_is_no_endpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    assert wait(monkeypatch, Endpoints([False, True]), (1, True)) == 2


def test_a_killed_pod_that_does_not_come_back_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "POD_RESTARTED_S", 0.0)
    with pytest.raises(EvenlyError, match="backend-app-x is not back 0 s after its program was killed"):
        wait(monkeypatch, Endpoints([]), (0, True))
