"""What a Service itself says: the fields that decide where its connections go."""

from collections.abc import Mapping
from dataclasses import dataclass

from kubernetes.client import CoreV1Api

from evenly.k8s.namespace import Namespace

CLIENT_IP = "ClientIP"
"""The affinity of a Service that sends a client back to its pod."""

LOCAL = "Local"
"""The policy of a Service for which each node sends what comes to it to its own pods only."""


@dataclass(frozen=True, slots=True)
class Port:
    """A port of a Service; ``target_port`` is a number, or the name of a container's port. ``node_port`` is 0 without one."""

    port: int
    target_port: str
    node_port: int
    name: str


@dataclass(frozen=True, slots=True)
class Spec:
    """A Service as the API server has it; "" for a word that it does not have."""

    session_affinity: str
    external_traffic_policy: str
    selector: Mapping[str, str]
    ports: tuple[Port, ...]
    traffic_distribution: str = ""
    internal_traffic_policy: str = ""


def read(name: str, namespace: Namespace) -> Spec:
    """Return a Service's own words."""
    spec = CoreV1Api(namespace.api).read_namespaced_service(name, namespace.name).spec
    return Spec(
        session_affinity=spec.session_affinity or "",
        external_traffic_policy=spec.external_traffic_policy or "",
        selector=dict(spec.selector or {}),
        ports=tuple(Port(p.port, str(p.target_port), p.node_port or 0, p.name or "") for p in spec.ports or []),
        traffic_distribution=spec.traffic_distribution or "",
        internal_traffic_policy=spec.internal_traffic_policy or "",
    )
