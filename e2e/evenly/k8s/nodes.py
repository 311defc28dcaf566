"""The nodes that pods are spread over."""

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import ip_address, ip_network

from kubernetes.client import ApiClient, CoreV1Api

from evenly import limits
from evenly.errors import EvenlyError
from evenly.k8s.wait import until

ZONE = "topology.kubernetes.io/zone"
NOT_READY = "node.kubernetes.io/not-ready"

FOR_BALANCERS = "!node.kubernetes.io/exclude-from-external-load-balancers"
"""Selects the nodes that providers send to; kubeadm keeps the control plane out."""


@dataclass(frozen=True, slots=True)
class Node:
    """A node: its own address, the range that its pods have theirs from, and its zone; "" where the cluster gives none."""

    name: str
    address: str
    pods: str
    zone: str = ""


def everyone(api: ApiClient, selector: str = "") -> tuple[Node, ...]:
    """Return all nodes of the cluster, or those with the labels that are selected, by name."""
    found = [
        Node(node.metadata.name, address.address, node.spec.pod_cidr or "", (node.metadata.labels or {}).get(ZONE, ""))
        for node in CoreV1Api(api).list_node(label_selector=selector).items
        for address in node.status.addresses
        if address.type == "InternalIP"
    ]
    return tuple(sorted(found, key=lambda node: node.name))


def for_pods(api: ApiClient) -> tuple[str, ...]:
    """Return the names of the nodes that take any pod, whatever it tolerates."""
    closed = {"NoSchedule", "NoExecute"}
    found = CoreV1Api(api).list_node().items
    return tuple(node.metadata.name for node in found if not any(t.effect in closed for t in node.spec.taints or []))


def entered(nodes: Iterable[Node], client: str) -> str | None:
    """Return the node by which a connection from outside came in, as a pod tells by the client's address; None when unknown.

    kube-proxy puts the node's address in the place of the client's (masquerade): its own where the pod is on another node, and
    one of its pods' range where the pod is on it.
    """
    try:
        address = ip_address(client)
    except ValueError:  # a pod may say anything
        return None
    for node in nodes:
        if client == node.address or (node.pods and address in ip_network(node.pods)):
            return node.name
    return None


def await_ready(api: ApiClient) -> None:
    """Wait until every node takes pods: before that the scheduler would put them all on the first that does.

    Raises EvenlyError, naming the nodes that are not ready, after the limit.
    """
    waiting: list[str] = []

    def none_is_waiting() -> bool:
        nodes = CoreV1Api(api).list_node().items
        waiting[:] = [node.metadata.name for node in nodes if any(t.key == NOT_READY for t in node.spec.taints or [])]
        return not waiting

    if not until(none_is_waiting, limit_s=limits.NODES_READY_S):
        raise EvenlyError(
            f"after {limits.told(limits.NODES_READY_S)} these nodes are not ready: {', '.join(waiting)}",
            f"see why: kubectl describe node {waiting[0]}",
        )
