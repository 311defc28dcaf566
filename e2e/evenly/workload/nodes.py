"""The nodes that pods are spread over."""

from kubernetes.client import ApiClient, CoreV1Api

from evenly.errors import EvenlyError
from evenly.workload.wait import until

READY_LIMIT_S = 60.0
"""Longest wait for the nodes of a new cluster; they take 2 to 6 s after `kind create cluster`."""

NOT_READY = "node.kubernetes.io/not-ready"


def await_ready(api: ApiClient) -> None:
    """Wait until every node takes pods: before that the scheduler would put them all on the first that does.

    Raises EvenlyError, naming the nodes that are not ready, after ``READY_LIMIT_S``.
    """
    waiting: list[str] = []

    def none_is_waiting() -> bool:
        nodes = CoreV1Api(api).list_node().items
        waiting[:] = [node.metadata.name for node in nodes if any(t.key == NOT_READY for t in node.spec.taints or [])]
        return not waiting

    if not until(none_is_waiting, limit_s=READY_LIMIT_S):
        raise EvenlyError(
            f"after {READY_LIMIT_S:g} s these nodes are not ready: {', '.join(waiting)}",
            f"see why: kubectl describe node {waiting[0]}",
        )
