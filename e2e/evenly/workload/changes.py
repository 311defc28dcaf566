"""What a scenario does to its pods, each change awaited until the Service has taken notice."""

from kubernetes.client import CoreV1Api
from kubernetes.stream import stream

from evenly.errors import EvenlyError
from evenly.workload.endpoints import EndpointsWatch
from evenly.workload.namespace import Namespace
from evenly.workload.pods import Pod
from evenly.workload.wait import until

UNREADY_FILE = "/tmp/unready"  # noqa: S108 - a path in the pod; nginx.conf in backend.yaml looks for it

COMMAND_LIMIT_S = 10.0
"""Longest run of a command in a pod."""

NOTICE_LIMIT_S = 15.0
"""Longest wait for a change to reach the endpoints: the readiness probe runs every second."""


def make_unready(namespace: Namespace, pod: Pod, endpoints: EndpointsWatch) -> None:
    """Make a backend pod fail its readiness probe while it goes on serving, and wait until it is no endpoint any more."""
    run_in(namespace, pod, "touch", UNREADY_FILE)
    if not until(lambda: pod.uid not in endpoints.ready, limit_s=NOTICE_LIMIT_S):
        raise EvenlyError(
            f"{pod.name} is still an endpoint {NOTICE_LIMIT_S:g} s after it was made unready",
            f"look at its readiness probe: it must fail while {UNREADY_FILE} exists",
        )


def run_in(namespace: Namespace, pod: Pod, *command: str) -> None:
    """Run a command in a pod; raises EvenlyError with its standard error when it fails."""
    client = stream(
        CoreV1Api(namespace.api).connect_get_namespaced_pod_exec,
        *(pod.name, namespace.name),
        command=list(command),
        stdout=True,
        stderr=True,
        _preload_content=False,  # the library would leave its connection open
    )
    try:
        client.run_forever(timeout=COMMAND_LIMIT_S)
        complaint = client.read_stderr()
        failed = client.returncode != 0
    finally:
        client.close()
    if failed:
        raise EvenlyError(f"{' '.join(command)} failed in {pod.name}: {complaint.strip()}", "look whether the image has it")
