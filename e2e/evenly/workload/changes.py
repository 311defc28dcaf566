"""What a scenario does to its pods, each change awaited until the Service has taken notice."""

import yaml
from kubernetes.client import CoreV1Api
from kubernetes.stream import stream
from kubernetes.stream.ws_client import ERROR_CHANNEL

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
    """Run a command in a pod; raises EvenlyError with the kubelet's words when it fails or does not end."""
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
        ended: dict[str, str] = yaml.safe_load(client.read_channel(ERROR_CHANNEL)) or {"message": "it did not end in time"}
    finally:
        client.sock.shutdown()  # its own close() leaves the socket open when the server has closed first
    if ended.get("status") != "Success":
        raise EvenlyError(
            f"{' '.join(command)} failed in {pod.name}: {ended['message']}", "look whether its image has the command"
        )
