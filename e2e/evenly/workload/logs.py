"""What the pods themselves logged."""

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor

from kubernetes.client import CoreV1Api
from kubernetes.client.exceptions import ApiException

from evenly.workload.namespace import Namespace
from evenly.workload.pods import Pod
from evenly.workload.wait import until

FLUSH_LIMIT_S = 5.0
"""Longest wait for buffered log lines: nginx flushes after 0.1 s, the kubelet copies within moments."""


def read(namespace: Namespace, pods: Iterable[Pod], wanted: Mapping[str, int], mark: str) -> dict[str, list[str]]:
    """Return the log lines that hold ``mark``, by pod UID, once each pod has as many as wanted or the flush limit is over.

    ``wanted`` is the number of lines by pod UID. A pod whose log cannot be read any more has no entry.
    """

    def lines_of(pod: Pod) -> list[str] | None:
        lines: list[str] | None = None

        def complete() -> bool:
            nonlocal lines
            text = _log(namespace, pod.name)
            lines = None if text is None else [line for line in text.splitlines() if mark in line]
            return lines is None or len(lines) >= wanted.get(pod.uid, 0)

        until(complete, limit_s=FLUSH_LIMIT_S, every_s=0.1)
        return lines

    pods = tuple(pods)
    with ThreadPoolExecutor(max_workers=8) as pool:
        found = zip(pods, pool.map(lines_of, pods), strict=True)
        return {pod.uid: lines for pod, lines in found if lines is not None}


def _log(namespace: Namespace, pod: str) -> str | None:
    try:
        response = CoreV1Api(namespace.api).read_namespaced_pod_log(pod, namespace.name, _preload_content=False)
    except ApiException:
        return None
    return str(response.data.decode(errors="replace"))
