"""Client pods: the way into the cluster for a load that is to come from inside; manifests/client.yaml is how they do it."""

from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet

from evenly import limits
from evenly.errors import EvenlyError
from evenly.k8s.manifest import Document
from evenly.k8s.namespace import Namespace
from evenly.k8s.pods import Pod, in_namespace, rolled_out
from evenly.k8s.probe import Reply
from evenly.k8s.wait import until

CLIENT = "client"
"""The name of the Deployment, and of the Service in front of it."""

MANIFEST = "client.yaml"


def so_many(documents: Sequence[Document], replicas: int) -> tuple[Document, ...]:
    """Return the manifest's objects with a Deployment that asks for so many client pods."""
    return tuple(
        document | {"spec": document["spec"] | {"replicas": replicas}} if document["kind"] == "Deployment" else document
        for document in documents
    )


def await_pods(namespace: Namespace, limit_s: float) -> tuple[Pod, ...]:
    """Wait until all client pods are ready, and return them; raises EvenlyError with the cluster's words after the limit."""
    ready = until(lambda: rolled_out(namespace, CLIENT), limit_s=limit_s)
    pods = tuple(pod for pod in in_namespace(namespace) if pod.owner == f"Deployment {CLIENT}")
    if not ready:
        notes = "; ".join(f"{pod.name}: {pod.note}" for pod in pods if pod.note) or "it has no pods"
        raise EvenlyError(
            f"the load is to come from client pods, and after {limits.told(limit_s)} they are not ready: {notes}",
            f"see why: kubectl -n {namespace.name} describe pods -l app={CLIENT}",
        )
    return pods


def await_ways(
    pods: Sequence[Pod], ask: Callable[[], Reply], wanted: Callable[[Pod], AbstractSet[str]], limit_s: float
) -> None:
    """Wait until each client pod has been answered, by all pods (UIDs) that are ``wanted`` of it.

    The rules of each node lag behind the pods in their own time: what one client has reached says nothing of the others.
    Raises EvenlyError after the limit.
    """
    seen: dict[str, set[str]] = {pod.ip: set() for pod in pods}

    def behind() -> list[str]:
        return [pod.name for pod in pods if not seen[pod.ip] or not wanted(pod) <= seen[pod.ip]]

    def none_is_behind() -> bool:
        reply = ask()
        if reply.client in seen:
            seen[reply.client].add(reply.uid)
        return not behind()

    if not until(none_is_behind, limit_s=limit_s, every_s=0.001):
        raise EvenlyError(
            f"after {limits.told(limit_s)} not all pods of the Service have answered the client pods {', '.join(behind())}",
            "look whether pods here keep their own addresses on the way to a Service, and at the rules of their nodes",
        )


def seen_from(pods: Sequence[Pod], host: str, what: str = "client pod") -> str:
    """Say where a load went and whence: "10.96.12.3:8080 from client pod"; nothing without such pods."""
    whence = what if len(pods) == 1 else f"{len(pods)} {what}s"
    return f"{host} from {whence}" if pods else ""
