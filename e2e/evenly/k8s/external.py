"""A Service's external address: what its status tells, whoever has put it there."""

from kubernetes.client import CoreV1Api

from evenly.k8s.namespace import Namespace

LOAD_BALANCER = "the load balancer"
"""What a load calls the way through it, where it is not evenly's own."""


def address(service: str, namespace: Namespace) -> str:
    """Return the address, or the name, that a Service has outside; "" while it is pending."""
    status = CoreV1Api(namespace.api).read_namespaced_service_status(service, namespace.name).status
    given = status.load_balancer.ingress or []
    return (given[0].ip or given[0].hostname) if given else ""


def give(service: str, namespace: Namespace, ip: str) -> None:
    """Put an address into a Service's status, as the provider of a cloud does once its load balancer is there."""
    status = {"status": {"loadBalancer": {"ingress": [{"ip": ip}]}}}
    CoreV1Api(namespace.api).patch_namespaced_service_status(service, namespace.name, status)
