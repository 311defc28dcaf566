"""What a scenario does to its pods, each change awaited until the Service has taken notice."""

from kubernetes.client import CoreV1Api
from kubernetes.stream import stream

from evenly.errors import EvenlyError
from evenly.workload.endpoints import EndpointsWatch
from evenly.workload.namespace import Namespace
from evenly.workload.pods import Pod
from evenly.workload.wait import until

NOTICE_LIMIT_S = 15.0
"""Longest wait for a change to reach the endpoints: the readiness probe runs every second."""


def make_unready(namespace: Namespace, pod: Pod, endpoints: EndpointsWatch) -> None:
    """Make a backend pod fail its readiness probe while it goes on serving, and wait until it is no endpoint any more."""
    stream(
        CoreV1Api(namespace.api).connect_get_namespaced_pod_exec,
        pod.name,
        namespace.name,
        command=["touch", "/tmp/unready"],  # noqa: S108 - a path in the pod; nginx.conf in backend.yaml looks for it
        stdout=True,
        stderr=True,
    )
    if not until(lambda: pod.uid not in endpoints.ready, limit_s=NOTICE_LIMIT_S):
        raise EvenlyError(
            f"{pod.name} is still an endpoint {NOTICE_LIMIT_S:g} s after it was made unready",
            "look at its readiness probe: it must fail while /tmp/unready exists",
        )
