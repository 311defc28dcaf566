"""A Service as the API server has it: where its connections go, how it is reached inside, and its external address."""

from collections.abc import Mapping
from dataclasses import dataclass

from kubernetes.client import CoreV1Api

from evenly.k8s.namespace import Namespace

CLIENT_IP = "ClientIP"
"""The affinity of a Service that sends a client back to its pod."""

LOCAL = "Local"
"""The policy of a Service for which each node sends what comes to it to its own pods only."""

LOAD_BALANCER = "the load balancer"
"""What a load calls the way by a Service's external address, where the load balancer is not evenly's own."""


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


@dataclass(frozen=True, slots=True)
class View:
    """A Service as a pod sees it: its type, and its name and its address with its port; a headless one's address is "None"."""

    type: str
    name: str
    address: str


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


def view_from_inside(service: str, namespace: Namespace) -> View:
    """Return how a Service is to be reached inside the cluster, as the API server has it now."""
    spec = CoreV1Api(namespace.api).read_namespaced_service(service, namespace.name).spec
    port = spec.ports[0].port
    return View(spec.type, f"{service}.{namespace.name}.svc.cluster.local:{port}", f"{spec.cluster_ip}:{port}")


def external_address(service: str, namespace: Namespace) -> str:
    """Return the address, or the name, that a Service's status says it has outside; "" while it is pending."""
    status = CoreV1Api(namespace.api).read_namespaced_service_status(service, namespace.name).status
    given = status.load_balancer.ingress or []
    return (given[0].ip or given[0].hostname) if given else ""


def give_external_address(service: str, namespace: Namespace, ip: str) -> None:
    """Put an address into a Service's status, as the provider of a cloud does once its load balancer is there."""
    status = {"status": {"loadBalancer": {"ingress": [{"ip": ip}]}}}
    CoreV1Api(namespace.api).patch_namespaced_service_status(service, namespace.name, status)
