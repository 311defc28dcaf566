"""The pods that a Deployment owns: who is expected to answer, and what the cluster says about each."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from kubernetes.client import AppsV1Api, CoreV1Api, V1Pod

from evenly.k8s.namespace import Namespace

_VAGUE = ("not ready", "ContainersNotReady", "ContainersNotInitialized")
"""How a note begins that gives no reason."""


@dataclass(frozen=True, slots=True)
class Pod:
    """A pod as the API server knows it."""

    uid: str
    name: str
    node: str
    ip: str
    ready: bool
    owner: str  # "Deployment backend-app", or "" when nobody owns it
    labels: dict[str, str] = field(hash=False)
    created_at: str  # ISO 8601, UTC
    note: str  # why it is not ready, in the cluster's words; "" when it is
    ports: tuple[tuple[int, str], ...] = ()  # that its containers declare, each with its name or ""


def in_namespace(namespace: Namespace) -> tuple[Pod, ...]:
    """Return the pods of a namespace by name, without those that are being deleted or have run to their end."""
    owners = {
        replica_set.metadata.uid: f"{owner.kind} {owner.name}"
        for replica_set in AppsV1Api(namespace.api).list_namespaced_replica_set(namespace.name).items
        for owner in replica_set.metadata.owner_references or []
    }
    found = CoreV1Api(namespace.api).list_namespaced_pod(namespace.name).items
    return tuple(
        sorted(
            (
                pod_of(pod, owners)
                for pod in found
                if not pod.metadata.deletion_timestamp and pod.status.phase not in {"Succeeded", "Failed"}
            ),
            key=lambda pod: pod.name,
        )
    )


def rolled_out(namespace: Namespace, deployment: str) -> bool:
    """Tell whether the Deployment's controller has seen its spec, and every replica is of it and available."""
    found = AppsV1Api(namespace.api).read_namespaced_deployment(deployment, namespace.name)
    wanted, status = found.spec.replicas, found.status
    return bool(
        (status.observed_generation or 0) >= found.metadata.generation
        and status.replicas == status.updated_replicas == status.available_replicas == wanted
    )


def pod_of(pod: V1Pod, owners: Mapping[str, str] = MappingProxyType({})) -> Pod:
    """Return a pod as it is; ``owners`` name the owners of replica sets (UIDs)."""
    ready = is_ready(pod)
    return Pod(
        uid=pod.metadata.uid,
        name=pod.metadata.name,
        node=pod.spec.node_name or "",
        ip=pod.status.pod_ip or "",
        ready=ready,
        owner=_owner(pod, owners),
        labels=dict(pod.metadata.labels or {}),
        created_at=pod.metadata.creation_timestamp.isoformat(),
        note="" if ready else _why_not_ready(pod),
        ports=tuple((p.container_port, p.name or "") for container in pod.spec.containers for p in container.ports or []),
    )


def is_ready(pod: V1Pod) -> bool:
    """Tell whether the kubelet says that a pod is ready."""
    return any(condition.type == "Ready" and condition.status == "True" for condition in pod.status.conditions or [])


def _owner(pod: V1Pod, owners: Mapping[str, str]) -> str:
    direct = next(iter(pod.metadata.owner_references or []), None)
    if direct is None:
        return ""
    return owners.get(direct.uid, f"{direct.kind} {direct.name}")


def explained(namespace: Namespace, pod: Pod) -> Pod:
    """Return a pod with the newest warning that the cluster has about it, where its own note gives no reason."""
    if not pod.note.startswith(_VAGUE):
        return pod
    about = f"involvedObject.uid={pod.uid},type=Warning"
    warnings = CoreV1Api(namespace.api).list_namespaced_event(namespace.name, field_selector=about).items
    newest = max(warnings, key=lambda event: event.last_timestamp or event.metadata.creation_timestamp, default=None)
    return replace(pod, note=f"{newest.reason}: {newest.message.strip()}") if newest else pod


def why_none(namespace: Namespace, deployment: str) -> str:
    """Return what the cluster says about a Deployment that has no pods, such as a quota that forbids them."""
    status = AppsV1Api(namespace.api).read_namespaced_deployment(deployment, namespace.name).status
    failures = [condition.message for condition in status.conditions or [] if condition.type == "ReplicaFailure"]
    return failures[0] if failures else "the cluster gives no reason"


def _why_not_ready(pod: V1Pod) -> str:
    """Prefer a container's own state (CrashLoopBackOff, ErrImagePull) to a condition, which only says that it is not ready."""
    for status in (*(pod.status.init_container_statuses or []), *(pod.status.container_statuses or [])):
        waiting, ended = status.state.waiting, status.state.terminated or status.last_state.terminated
        if ended and ended.exit_code != 0:
            reason = waiting.reason if waiting else ended.reason
            return (
                f"{reason}: container {status.name} ended with exit code {ended.exit_code} (restarts: {status.restart_count})"
            )
        if waiting and waiting.reason not in {"ContainerCreating", "PodInitializing"}:
            return f"{waiting.reason}: {waiting.message or ''}".rstrip(": ")
    for condition in pod.status.conditions or []:
        if condition.status == "False" and condition.message:
            return f"{condition.reason}: {condition.message}"
    return _VAGUE[0]
