"""What a scenario does to its pods, each change awaited until the Service has taken notice."""

from datetime import UTC, datetime

import yaml
from kubernetes.client import ApiClient, AppsV1Api, CoreV1Api, V1Pod
from kubernetes.stream import stream
from kubernetes.stream.ws_client import ERROR_CHANNEL

from evenly import limits
from evenly.errors import EvenlyError
from evenly.k8s.endpoints import EndpointsWatch, addresses
from evenly.k8s.namespace import Namespace
from evenly.k8s.pods import Pod, is_ready
from evenly.k8s.wait import until

UNREADY_FILE = "/tmp/unready"  # noqa: S108 - a path in the pod; nginx.conf in backend.yaml looks for it

IDENTITY_FILE = "/tmp/identity.conf"  # noqa: S108 - same
BACKEND_PORT = 8080

KUBE_SYSTEM = "kube-system"
KUBE_PROXY = "k8s-app=kube-proxy"


def retarget(namespace: Namespace, service: str, port: int) -> None:
    """Let a Service's first port lead to another port of its pods, and wait until its EndpointSlices say so."""
    change = [{"op": "replace", "path": "/spec/ports/0/targetPort", "value": port}]
    CoreV1Api(namespace.api).patch_namespaced_service(service, namespace.name, change)
    if not until(lambda: all(at.endswith(f":{port}") for at in addresses(namespace, service)), limit_s=limits.NOTICE_S):
        raise EvenlyError(
            f"the EndpointSlices of Service {service} do not lead to port {port} after {limits.told(limits.NOTICE_S)}",
            f"see what they say: kubectl -n {namespace.name} get endpointslices",
        )


def make_unready(namespace: Namespace, pod: Pod, endpoints: EndpointsWatch) -> None:
    """Make a backend pod fail its readiness probe while it goes on serving, and wait until it is no endpoint any more."""
    run_in(namespace, pod, "touch", UNREADY_FILE)
    if not until(lambda: pod.uid not in endpoints.ready, limit_s=limits.NOTICE_S):
        raise EvenlyError(
            f"{pod.name} is still an endpoint {limits.told(limits.NOTICE_S)} after it was made unready",
            f"look at its readiness probe: it must fail while {UNREADY_FILE} exists",
        )


def impersonate(namespace: Namespace, pod: Pod, other: Pod) -> None:
    """Have a backend pod answer with another's UID, as one does that gets its identity from elsewhere; wait until it does."""
    identity = f'set $uid "{other.uid}";\nset $node "{pod.node}";\n'
    again = "nginx -c /etc/backend/nginx.conf -s reload"
    run_in(namespace, pod, "/bin/sh", "-c", f"printf '{identity}' > {IDENTITY_FILE} && {again}")

    def says_so() -> bool:
        about = CoreV1Api(namespace.api).connect_get_namespaced_pod_proxy_with_path(
            f"{pod.name}:{BACKEND_PORT}", namespace.name, "healthz"
        )
        return other.uid in str(about)

    if not until(says_so, limit_s=limits.NOTICE_S):
        raise EvenlyError(
            f"{pod.name} does not answer in the name of {other.name} within {limits.told(limits.NOTICE_S)}",
            f"see whether its nginx reads {IDENTITY_FILE}",
        )


def make_ready(namespace: Namespace, pod: Pod) -> None:
    """Let a pod pass its readiness probe again; it becomes an endpoint in its own time."""
    run_in(namespace, pod, "rm", UNREADY_FILE)


def restarts(namespace: Namespace, pod: Pod) -> int:
    """Return how often the kubelet has started a pod's containers again."""
    return _restarts(CoreV1Api(namespace.api).read_namespaced_pod(pod.name, namespace.name))


def await_restart(namespace: Namespace, pod: Pod, before: int, endpoints: EndpointsWatch) -> None:
    """Wait until a pod has been started more often than before, and is an endpoint again; EvenlyError where it is not."""

    def back() -> bool:
        now = CoreV1Api(namespace.api).read_namespaced_pod(pod.name, namespace.name)
        return _restarts(now) > before and is_ready(now) and pod.uid in endpoints.ready

    if not until(back, limit_s=limits.POD_RESTARTED_S):
        raise EvenlyError(
            f"{pod.name} is not back {limits.told(limits.POD_RESTARTED_S)} after its program was killed",
            f"see why: kubectl -n {namespace.name} describe pod {pod.name}",
        )


def kube_proxy(api: ApiClient) -> frozenset[str]:
    """Return the UIDs of kube-proxy's pods that are ready, one on each node."""
    pods = CoreV1Api(api).list_namespaced_pod(KUBE_SYSTEM, label_selector=KUBE_PROXY).items
    return frozenset(pod.metadata.uid for pod in pods if is_ready(pod))


def delete_kube_proxy(api: ApiClient) -> None:
    """Delete kube-proxy's pods on all nodes: the rules stay, but nobody renews them until there are new ones."""
    CoreV1Api(api).delete_collection_namespaced_pod(KUBE_SYSTEM, label_selector=KUBE_PROXY)


def await_kube_proxy(api: ApiClient, before: frozenset[str]) -> None:
    """Wait until new pods of kube-proxy have taken the place of those from before; EvenlyError where they have not."""
    limit_s = limits.KUBE_PROXY_BACK_S
    if not before or not until(lambda: len(kube_proxy(api) - before) >= len(before), limit_s=limit_s, every_s=0.2):
        raise EvenlyError(
            f"of {len(before)} pods of kube-proxy not all were back {limits.told(limit_s)} after they had been deleted",
            f"see why: kubectl -n {KUBE_SYSTEM} get pods -l {KUBE_PROXY}",
        )


def scale(namespace: Namespace, deployment: str, replicas: int) -> None:
    """Ask for so many pods of a Deployment; they come and go in their own time."""
    AppsV1Api(namespace.api).patch_namespaced_deployment_scale(deployment, namespace.name, {"spec": {"replicas": replicas}})


def restart(namespace: Namespace, deployment: str) -> None:
    """Ask for new pods in place of all of a Deployment's, in the way in which `kubectl rollout restart` does."""
    stamp = {"kubectl.kubernetes.io/restartedAt": datetime.now(UTC).isoformat()}
    patch = {"spec": {"template": {"metadata": {"annotations": stamp}}}}
    AppsV1Api(namespace.api).patch_namespaced_deployment(deployment, namespace.name, patch)


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
        client.run_forever(timeout=limits.scaled(limits.POD_COMMAND_S))
        ended: dict[str, str] = yaml.safe_load(client.read_channel(ERROR_CHANNEL)) or {"message": "it did not end in time"}
    finally:
        client.sock.shutdown()  # its own close() leaves the socket open when the server has closed first
    if ended.get("status") != "Success":
        raise EvenlyError(
            f"{' '.join(command)} failed in {pod.name}: {ended['message']}", "look whether its image has the command"
        )


def _restarts(pod: V1Pod) -> int:
    return sum(status.restart_count for status in pod.status.container_statuses or [])
