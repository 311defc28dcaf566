from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from evenly.errors import EvenlyError
from evenly.shipped import shipped
from evenly.workload import converge as gate
from evenly.workload import wait
from evenly.workload.converge import Declared
from evenly.workload.pods import Pod

NAMESPACE: Any = SimpleNamespace(api=None, name="shop")
DECLARED = Declared("backend-app", ("canary",), "spring-service", {"app": "backend-app"})
TOLD: list[str] = []


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
    TOLD.clear()
    left = list(answers)
    watch: Any = SimpleNamespace(ready=frozenset(endpoints))
    settled = gate.converge(NAMESPACE, DECLARED, watch, lambda: left.pop(0) if left else None, limit_s=0.05, tell=TOLD.append)
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


@pytest.mark.usefixtures("cluster")
def test_a_gate_that_opens_in_the_usual_time_says_nothing() -> None:
    assert converge({"a", "b"}, "a", "b")[1]
    assert TOLD == []


def test_a_gate_that_stays_shut_tells_what_it_waits_for_in_the_clusters_words(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wait, "TELL_EVERY_S", 0)
    sick = (replace(pod(uid), ready=False, note=f"CrashLoopBackOff: {uid}") for uid in "bcde")
    cluster.pods = (pod("a"), *sick)
    assert not converge({"a"})[1]
    pods = "1 ready; pod-b: CrashLoopBackOff: b; pod-c: CrashLoopBackOff: c; 2 more not ready"
    assert TOLD[0] == f"waiting for 5 pods of backend-app: {pods} (0 of at most 0 s)"


@pytest.mark.usefixtures("cluster")
def test_a_gate_that_waits_for_answers_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wait, "TELL_EVERY_S", 0)
    assert not converge({"a", "b"}, "a", "a", "a")[1]
    assert "waiting 0 s for an answer from each of 2 endpoints: 1 so far" in TOLD


def test_a_deployment_without_any_pod_ends_the_wait_with_the_clusters_reason(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster.pods = ()
    monkeypatch.setattr(gate, "why_none", lambda *_: 'pods "backend-app-x" is forbidden: exceeded quota: pods')
    with pytest.raises(EvenlyError, match=r"backend-app has no pods after 0\.05 s: .* exceeded quota"):
        converge(set())


def manifests(**changes: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - YAML is any value
    """Return evenly's own manifests with changes to their specs, by kind."""
    read = [
        document
        for file in ("backend.yaml", "spring-service.yaml", "stray-pod.yaml")
        for document in yaml.safe_load_all(shipped(f"manifests/{file}").read_text())
    ]
    return [document | {"spec": document.get("spec", {}) | changes.get(document["kind"], {})} for document in read]


def test_the_first_deployment_is_expected_and_the_others_stand_beside_it() -> None:
    declared = Declared.of(manifests(), "the files")
    assert declared == Declared("backend-app", ("backend-app-canary",), "spring-service", {"app": "backend-app"})


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"Service": {"selector": None}}, "Service spring-service has no selector"),
        ({"Deployment": {"replicas": 0}}, "Deployment backend-app asks for 0 replicas"),
    ],
)
def test_manifests_that_leave_nobody_to_answer_are_refused(changes: dict[str, Any], problem: str) -> None:
    with pytest.raises(EvenlyError, match=problem) as error:
        Declared.of(manifests(**changes), "the files")
    assert "in the files: " in error.value.remedy


@pytest.mark.parametrize(
    ("kinds", "problem"),
    [
        ({"Service"}, "the files holds no Deployment"),
        ({"Deployment"}, "the files holds 0 objects of kind Service"),
    ],
)
def test_manifests_that_lack_an_object_are_named(kinds: set[str], problem: str) -> None:
    documents = [document for document in manifests() if document["kind"] in kinds]
    with pytest.raises(EvenlyError, match=problem):
        Declared.of(documents, "the files")
