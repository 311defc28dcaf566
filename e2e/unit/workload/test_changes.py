"""When a change that a scenario makes is over."""

import time
from types import SimpleNamespace
from typing import Any

import pytest

from evenly.errors import EvenlyError
from evenly.workload import changes
from evenly.workload.changes import HELD_S, await_restart
from evenly.workload.endpoints import EndpointsWatch
from evenly.workload.namespace import Namespace
from evenly.workload.pods import Pod

POD = Pod(
    "uid-x",
    "backend-app-x",
    "evenly-worker",
    "10.244.1.7",
    ready=True,
    owner="Deployment backend-app",
    labels={},
    created_at="",
    note="",
)
HELD = HELD_S + 0.1


class Endpoints(EndpointsWatch):
    """Plays the watch: at each look the pod has been an endpoint for so long, or is none (None)."""

    def __init__(self, *held_s: float | None) -> None:
        self._held_s = iter(held_s)
        self._now_s: float | None = None

    @property
    def ready(self) -> frozenset[str]:
        self._now_s = next(self._held_s)
        return frozenset() if self._now_s is None else frozenset({POD.uid})

    @property
    def since_ns(self) -> int:
        assert self._now_s is not None
        return time.monotonic_ns() - round(self._now_s * 1e9)


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
    assert wait(monkeypatch, Endpoints(HELD, HELD), (0, True), (1, False), (1, True)) == 3


def test_a_killed_pod_is_not_back_while_its_endpoint_is_out_or_has_just_come(monkeypatch: pytest.MonkeyPatch) -> None:
    assert wait(monkeypatch, Endpoints(None, 0.1, HELD_S - 0.1, HELD), (1, True)) == 4


def test_a_killed_pod_that_does_not_come_back_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changes, "RESTART_LIMIT_S", 0.0)
    with pytest.raises(EvenlyError, match="backend-app-x is not back 0 s after its program was killed"):
        wait(monkeypatch, Endpoints(), (0, True))
