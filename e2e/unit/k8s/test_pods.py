from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from evenly.k8s import pods as module
from evenly.k8s.namespace import Namespace
from evenly.k8s.pods import explained, in_namespace, why_none

SHOP = Namespace(None, "shop")
NOW = datetime(2026, 11, 24, tzinfo=UTC)


def container(waiting: str = "", message: str = "", exit_code: int | None = None, restarts: int = 0) -> Any:  # noqa: ANN401
    """Make a container's status, with what the kubelet says while it waits, and how it ended the last time."""
    ended = None if exit_code is None else SimpleNamespace(exit_code=exit_code, reason="Error")
    return SimpleNamespace(
        name="nginx",
        restart_count=restarts,
        state=SimpleNamespace(waiting=SimpleNamespace(reason=waiting, message=message) if waiting else None, terminated=None),
        last_state=SimpleNamespace(terminated=ended),
    )


def condition(kind: str, reason: str, message: str) -> Any:  # noqa: ANN401 - stands for the client's object
    return SimpleNamespace(type=kind, status="False", reason=reason, message=message)


UNREADY = condition("Ready", "ContainersNotReady", "containers with unready status: [nginx]")
NO_CPU = condition("PodScheduled", "Unschedulable", "0/3 nodes are available: 3 Insufficient cpu.")


class Cluster:
    """Plays both APIs: one pod, and the warnings about it."""

    def __init__(self, conditions: list[Any], containers: list[Any], warnings: tuple[str, ...] = ()) -> None:
        metadata = SimpleNamespace(
            uid="a", name="pod-a", deletion_timestamp=None, owner_references=[], labels={}, creation_timestamp=NOW
        )
        ports = [SimpleNamespace(container_port=8080, name=None), SimpleNamespace(container_port=9090, name="metrics")]
        status = SimpleNamespace(
            phase="Pending", conditions=conditions, container_statuses=containers, init_container_statuses=None, pod_ip=None
        )
        self.pod = SimpleNamespace(
            metadata=metadata,
            spec=SimpleNamespace(node_name=None, containers=[SimpleNamespace(ports=ports), SimpleNamespace(ports=None)]),
            status=status,
        )
        self.warnings = [
            SimpleNamespace(reason="Unhealthy", message=message, last_timestamp=NOW.replace(hour=hour))
            for hour, message in enumerate(warnings)
        ]

    def list_namespaced_pod(self, _: str) -> Any:  # noqa: ANN401
        return SimpleNamespace(items=[self.pod])

    def list_namespaced_replica_set(self, _: str) -> Any:  # noqa: ANN401
        return SimpleNamespace(items=[])

    def list_namespaced_event(self, _: str, field_selector: str) -> Any:  # noqa: ANN401
        assert field_selector == "involvedObject.uid=a,type=Warning"
        return SimpleNamespace(items=self.warnings)


@pytest.mark.parametrize(
    ("cluster", "note"),
    [
        (
            Cluster([UNREADY], [container("CrashLoopBackOff", "back-off 40s", exit_code=3, restarts=4)]),
            "CrashLoopBackOff: container nginx ended with exit code 3 (restarts: 4)",
        ),
        (
            Cluster([UNREADY], [container("ImagePullBackOff", 'Back-off pulling image "nginx:0.0"')]),
            'ImagePullBackOff: Back-off pulling image "nginx:0.0"',
        ),
        (Cluster([NO_CPU], []), "Unschedulable: 0/3 nodes are available: 3 Insufficient cpu."),
        (
            Cluster([UNREADY], [container()], ("it was slow", "Readiness probe failed: 503")),
            "Unhealthy: Readiness probe failed: 503",
        ),
        (Cluster([UNREADY], [container("ContainerCreating")]), "ContainersNotReady: containers with unready status: [nginx]"),
        (Cluster([], []), "not ready"),
    ],
    ids=["crashing", "no image", "no node", "probe", "starting", "nothing known"],
)
def test_a_pod_that_is_not_ready_has_the_clusters_best_reason(
    monkeypatch: pytest.MonkeyPatch, cluster: Cluster, note: str
) -> None:
    for api in ("CoreV1Api", "AppsV1Api"):
        monkeypatch.setattr(module, api, lambda _: cluster)
    (found,) = in_namespace(SHOP)
    assert explained(SHOP, found).note == note
    assert found.ports == ((8080, ""), (9090, "metrics"))


@pytest.mark.parametrize(
    ("conditions", "reason"),
    [
        ([SimpleNamespace(type="ReplicaFailure", message="exceeded quota")], "exceeded quota"),
        ([SimpleNamespace(type="Progressing", message="fine")], "the cluster gives no reason"),
        (None, "the cluster gives no reason"),
    ],
)
def test_a_deployment_without_pods_has_the_clusters_reason(
    monkeypatch: pytest.MonkeyPatch, conditions: list[Any] | None, reason: str
) -> None:
    status = SimpleNamespace(status=SimpleNamespace(conditions=conditions))
    monkeypatch.setattr(module, "AppsV1Api", lambda _: SimpleNamespace(read_namespaced_deployment=lambda *_: status))
    assert why_none(SHOP, "backend-app") == reason
