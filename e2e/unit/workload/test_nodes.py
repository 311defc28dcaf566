from types import SimpleNamespace
from typing import Any

import pytest

from evenly.errors import EvenlyError
from evenly.workload import nodes


def node(name: str, *taints: str) -> Any:  # noqa: ANN401 - stands for the client's object
    return SimpleNamespace(
        metadata=SimpleNamespace(name=name),
        spec=SimpleNamespace(taints=[SimpleNamespace(key=taint) for taint in taints] or None),
    )


def play(monkeypatch: pytest.MonkeyPatch, *readings: list[Any]) -> list[list[Any]]:
    left = list(readings)
    core = SimpleNamespace(list_node=lambda: SimpleNamespace(items=left.pop(0) if len(left) > 1 else left[0]))
    monkeypatch.setattr(nodes, "CoreV1Api", lambda _: core)
    return left


def test_the_wait_ends_when_the_last_node_takes_pods(monkeypatch: pytest.MonkeyPatch) -> None:
    control_plane = node("control-plane", "node-role.kubernetes.io/control-plane")
    left = play(
        monkeypatch,
        [control_plane, node("worker"), node("worker2", "node.kubernetes.io/not-ready")],
        [control_plane, node("worker"), node("worker2")],
    )
    nodes.await_ready(None)
    assert len(left) == 1, "both readings were needed"


def test_a_node_that_never_gets_ready_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    play(monkeypatch, [node("worker"), node("worker2", "node.kubernetes.io/not-ready")])
    monkeypatch.setattr(nodes, "READY_LIMIT_S", 0.05)
    with pytest.raises(EvenlyError, match=r"not ready: worker2\n.*kubectl describe node worker2"):
        nodes.await_ready(None)
