import time
from dataclasses import dataclass, replace
from types import MappingProxyType, SimpleNamespace
from typing import Any

import pytest

from evenly import limits
from evenly.errors import EvenlyError
from evenly.k8s import converge as module
from evenly.k8s import wait
from evenly.k8s.converge import Convergence
from evenly.k8s.expectations import Expectations
from evenly.k8s.pods import Pod

NAMESPACE: Any = SimpleNamespace(api=None, name="shop")
EXPECTED = Expectations("backend-app", ("canary",), "spring-service", {"app": "backend-app"})
ZONES = MappingProxyType({"node": "a", "beside": "a", "elsewhere": "b", "control-plane": "b", "alone": "c"})
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
    monkeypatch.setattr(module, "rolled_out", lambda _, deployment: deployment in now.rolled_out)
    monkeypatch.setattr(module, "in_namespace", lambda _: now.pods)
    return now


def converge(
    endpoints: set[str], *answers: str | None, expected: Expectations = EXPECTED, consecutive_good: int = 0
) -> tuple[list[str], bool, int]:
    """Return the expected pods, whether they converged, and how many answers it left."""
    TOLD.clear()
    left = list(answers)
    watch: Any = SimpleNamespace(ready=frozenset(endpoints))
    settled = Convergence(
        NAMESPACE,
        expected,
        watch,
        lambda: left.pop(0) if left else None,
        node="node",
        zones=ZONES,
        consecutive_good=consecutive_good,
    ).wait(0.05, TOLD.append)
    return [pod.uid for pod in settled.expected], settled.opened, len(left)


@pytest.mark.usefixtures("cluster")
def test_a_service_has_converged_when_every_pod_has_answered() -> None:
    assert converge({"a", "b"}, "a", "a", "b", "a") == (["a", "b"], True, 1)


@pytest.mark.usefixtures("cluster")
def test_where_pods_have_left_they_must_have_been_silent_for_a_while() -> None:
    assert converge({"a", "b"}, "a", "b", "left", "a", "b", "a", "b", "a", consecutive_good=4) == (["a", "b"], True, 1)
    assert not converge({"a", "b"}, "a", "b", "left", "a", "b", consecutive_good=4)[1]


@pytest.mark.usefixtures("cluster")
def test_of_a_service_that_sticks_one_answer_is_waited_for() -> None:
    assert converge({"a", "b"}, "a", "a", expected=replace(EXPECTED, sticky=True)) == (["a", "b"], True, 1)
    assert not converge({"a", "b"}, None, expected=replace(EXPECTED, sticky=True))[1]


def test_of_a_service_that_keeps_to_its_node_that_nodes_pods_are_waited_for(cluster: Cluster) -> None:
    local = replace(EXPECTED, local=True)
    cluster.pods = (pod("a"), replace(pod("b"), node="elsewhere"))
    assert converge({"a", "b"}, "a", "a", expected=local) == (["a", "b"], True, 1)
    assert not converge({"a", "b"}, None, expected=local)[1]
    cluster.pods = (replace(pod("a"), node="elsewhere"), replace(pod("b"), node="elsewhere"))
    assert converge({"a", "b"}, expected=local)[1]


def test_of_a_service_that_keeps_to_its_node_the_other_nodes_pods_must_have_been_silent(cluster: Cluster) -> None:
    local = replace(EXPECTED, local=True)
    cluster.pods = (pod("a"), replace(pod("b"), node="elsewhere"))
    assert converge({"a", "b"}, "a", "a", "b", "a", "a", "a", "b", expected=local, consecutive_good=3) == (["a", "b"], True, 1)
    assert not converge({"a", "b"}, "a", "b", "a", "a", "b", "a", "a", expected=local, consecutive_good=3)[1]


@pytest.mark.parametrize("expected", [replace(EXPECTED, local=True), replace(EXPECTED, preferred="PreferSameZone")])
def test_a_selected_pod_of_somebody_else_may_answer_where_traffic_is_kept_near(
    cluster: Cluster, expected: Expectations
) -> None:
    cluster.pods = (pod("a"), replace(pod("b"), node="elsewhere"), replace(pod("stray"), owner="Deployment canary"))
    endpoints = {"a", "b", "stray"}
    assert converge(endpoints, "a", "stray", "a", "a", expected=expected, consecutive_good=3) == (["a", "b"], True, 1)
    assert not converge(endpoints, "a", "b", "stray", "a", expected=expected, consecutive_good=3)[1]


def test_a_wanted_deployments_pods_are_expected_too(cluster: Cluster) -> None:
    canary = replace(pod("canary"), owner="Deployment canary")
    cluster.pods += (canary,)
    wanted = replace(EXPECTED, wanted=("canary",))
    assert converge({"a", "b", "canary"}, "a", "b", "canary", expected=wanted) == (["a", "b", "canary"], True, 0)


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
def test_a_service_has_not_converged_while_the_endpoints_are_other_pods(endpoints: set[str]) -> None:
    assert converge(endpoints, "a", "b") == (["a", "b"], False, 2)


def test_a_service_has_not_converged_while_a_pod_is_not_ready(cluster: Cluster) -> None:
    cluster.pods = (pod("a"), replace(pod("b"), ready=False))
    assert converge({"a"}, "a", "b") == (["a", "b"], False, 2)


@pytest.mark.parametrize("deployment", ["backend-app", "canary"])
def test_a_service_has_not_converged_while_a_deployment_is_rolling_out(cluster: Cluster, deployment: str) -> None:
    cluster.rolled_out -= {deployment}
    assert converge({"a", "b"}, "a", "b") == (["a", "b"], False, 2)


@pytest.mark.usefixtures("cluster")
def test_a_service_has_not_converged_while_a_pod_never_answers() -> None:
    assert not converge({"a", "b"}, "a", "a", "a")[1]


@pytest.mark.usefixtures("cluster")
def test_a_pod_that_leaves_after_all_have_agreed_is_waited_for_until_it_is_back() -> None:
    seen = iter([("a", {"a"}), ("a", {"a"}), ("b", {"a", "b"}), ("a", {"a", "b"})])
    watch: Any = SimpleNamespace(ready={"a", "b"})
    asked: list[str] = []

    def ask() -> str:
        answer, watch.ready = next(seen)
        asked.append(answer)
        return answer

    settled = Convergence(NAMESPACE, EXPECTED, watch, ask, node="node", zones=ZONES).wait(1, TOLD.append)
    assert settled.opened
    assert asked == ["a", "a", "b"]


@pytest.mark.usefixtures("cluster")
def test_a_service_that_converges_in_the_usual_time_is_not_told_of() -> None:
    assert converge({"a", "b"}, "a", "b")[1]
    assert TOLD == []


def test_what_is_waited_for_is_told_in_the_clusters_words(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wait, "TELL_EVERY_S", 0)
    sick = (replace(pod(uid), ready=False, note=f"CrashLoopBackOff: {uid}") for uid in "bcde")
    cluster.pods = (pod("a"), *sick)
    assert not converge({"a"})[1]
    pods = "1 ready; pod-b: CrashLoopBackOff: b; pod-c: CrashLoopBackOff: c; 2 more not ready"
    assert TOLD[0] == f"waiting for 5 pods of backend-app: {pods} (0 of at most 0 s)"


@pytest.mark.usefixtures("cluster")
def test_a_wait_for_answers_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wait, "TELL_EVERY_S", 0)
    assert not converge({"a", "b"}, "a", "a", "a")[1]
    assert "waiting 0 s for an answer from each of 2 endpoints: 1 so far" in TOLD


def test_a_deployment_without_any_pod_ends_the_wait_with_the_clusters_reason(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster.pods = ()
    monkeypatch.setattr(module, "why_none", lambda *_: 'pods "backend-app-x" is forbidden: exceeded quota: pods')
    with pytest.raises(EvenlyError, match=r"backend-app has no pods after 0\.05 s: .* exceeded quota"):
        converge(set())


def long_converge(cluster: Cluster, expected: Expectations, endpoints: set[str], answers: list[str | None]) -> bool:
    """Return whether the Service converges in an hour; the last answer is given for ever."""
    TOLD.clear()
    watch: Any = SimpleNamespace(ready=frozenset(endpoints))

    def ask() -> str | None:
        return answers.pop(0) if len(answers) > 1 else answers[0]

    settled = Convergence(NAMESPACE, expected, watch, ask, node="node", zones=ZONES).wait(3600, TOLD.append)
    assert settled.expected == cluster.pods
    return settled.opened


def test_a_service_that_selects_nothing_that_was_rolled_out_is_not_waited_for(cluster: Cluster) -> None:
    typo = replace(EXPECTED, selector={"app": "backend-ap"}, promises=False)
    assert not long_converge(cluster, typo, set(), [None])
    assert TOLD == ["not waiting for spring-service any longer: its selector matches no pod"]


@pytest.mark.parametrize("promises", [True, False])
def test_a_service_that_may_yet_get_pods_is_waited_for(cluster: Cluster, promises: bool) -> None:  # noqa: FBT001 - which way
    if not promises:
        cluster.rolled_out -= {"canary"}
    typo = replace(EXPECTED, selector={"app": "backend-ap"}, promises=promises)
    watch: Any = SimpleNamespace(ready=frozenset())
    began = time.monotonic()
    settled = Convergence(NAMESPACE, typo, watch, lambda: None, node="node", zones={}).wait(0.2, TOLD.append)
    assert not settled.opened
    assert time.monotonic() - began >= 0.2


def listening(*ports: tuple[int, str]) -> tuple[Pod, ...]:
    return tuple(replace(pod(uid), ports=ports) for uid in "ab")


@pytest.mark.parametrize("silence_s", [0.0, 0.1])
def test_where_no_container_has_the_target_port_a_first_answer_is_not_waited_for_long(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch, silence_s: float
) -> None:
    monkeypatch.setattr(limits, "SILENCE_S", silence_s)
    cluster.pods = listening((8080, "http"))
    assert not long_converge(cluster, replace(EXPECTED, target_ports=frozenset({"8081"})), {"a", "b"}, [None])
    assert TOLD == ["not waiting for spring-service any longer: no container declares the port that it sends to"]


def test_a_container_that_does_not_declare_its_port_is_waited_for_once_it_answers(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "SILENCE_S", 0.0)
    cluster.pods = listening((9090, ""))
    undeclared = replace(EXPECTED, target_ports=frozenset({"8080"}))
    assert long_converge(cluster, undeclared, {"a", "b"}, ["a", "a", None, "a", "b"])
