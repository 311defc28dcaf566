from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any

import pytest

from evenly.workload import converge as gate
from evenly.workload.converge import Declared
from evenly.workload.pods import Pod

NAMESPACE: Any = SimpleNamespace(api=None, name="shop")
DECLARED = Declared("backend-app", ("canary",), {"app": "backend-app"})


def pod(uid: str) -> Pod:
    labels = {"app": "backend-app", "pod-template-hash": "7f9"}
    return Pod(
        uid=uid,
        name=f"pod-{uid}",
        node="node",
        ip="10.0.0.1",
        ready=True,
        owner="Deployment backend-app",
        labels=labels,
        created_at="2026-11-24T00:00:00+00:00",
        note="",
    )


@dataclass
class Cluster:
    pods: tuple[Pod, ...] = (pod("a"), pod("b"))
    rolled_out: frozenset[str] = frozenset({"backend-app", "canary"})


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Cluster:
    now = Cluster()
    monkeypatch.setattr(gate, "rolled_out", lambda _, deployment: deployment in now.rolled_out)
    monkeypatch.setattr(gate, "in_namespace", lambda _: now.pods)
    return now


def converge(endpoints: set[str], *answers: str | None) -> tuple[list[str], bool, int]:
    """Return the expected pods, whether the gate opened, and how many answers it left."""
    left = list(answers)
    watch: Any = SimpleNamespace(ready=frozenset(endpoints))
    settled = gate.converge(NAMESPACE, DECLARED, watch, lambda: left.pop(0) if left else None, limit_s=0.05)
    return [pod.uid for pod in settled.expected], settled.opened, len(left)


@pytest.mark.usefixtures("cluster")
def test_the_gate_opens_when_every_pod_has_answered() -> None:
    assert converge({"a", "b"}, "a", "a", "b", "a") == (["a", "b"], True, 1)


@pytest.mark.usefixtures("cluster")
def test_an_error_begins_the_count_anew() -> None:
    assert converge({"a", "b"}, "a", None, "b", "a", "a") == (["a", "b"], True, 1)


def test_a_selected_pod_of_somebody_else_must_answer_too_but_is_not_expected(cluster: Cluster) -> None:
    cluster.pods += (replace(pod("stray"), owner="Deployment canary"),)
    assert converge({"a", "b", "stray"}, "a", "b", "b", "stray", "a") == (["a", "b"], True, 1)


def test_a_pod_that_the_service_does_not_select_is_not_waited_for(cluster: Cluster) -> None:
    cluster.pods += (replace(pod("other"), owner="Deployment other", labels={"app": "other"}),)
    assert converge({"a", "b"}, "a", "b") == (["a", "b"], True, 0)


@pytest.mark.usefixtures("cluster")
@pytest.mark.parametrize("endpoints", [{"a"}, {"a", "b", "gone"}])
def test_the_gate_stays_shut_while_the_endpoints_are_other_pods(endpoints: set[str]) -> None:
    assert converge(endpoints, "a", "b") == (["a", "b"], False, 2)


def test_the_gate_stays_shut_while_a_pod_is_not_ready(cluster: Cluster) -> None:
    cluster.pods = (pod("a"), replace(pod("b"), ready=False))
    assert converge({"a"}, "a", "b") == (["a", "b"], False, 2)


@pytest.mark.parametrize("deployment", ["backend-app", "canary"])
def test_the_gate_stays_shut_while_a_deployment_is_rolling_out(cluster: Cluster, deployment: str) -> None:
    cluster.rolled_out -= {deployment}
    assert converge({"a", "b"}, "a", "b") == (["a", "b"], False, 2)


@pytest.mark.usefixtures("cluster")
def test_the_gate_stays_shut_while_a_pod_never_answers() -> None:
    assert not converge({"a", "b"}, "a", "a", "a")[1]
