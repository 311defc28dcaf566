"""What the pods themselves logged."""

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from kubernetes.client import CoreV1Api
from kubernetes.client.exceptions import ApiException

from evenly import limits
from evenly.k8s.namespace import Namespace
from evenly.k8s.pods import Pod
from evenly.k8s.wait import until

HEAD_BYTES = 30
"""As long as the time that stands before each line: no two lines of a log begin alike."""

T = TypeVar("T")


def read(
    namespace: Namespace, pods: Iterable[Pod], wanted: Mapping[str, int], counts: Callable[[str], bool]
) -> dict[str, list[str]]:
    """Return the log lines that count, by pod UID, once each pod has as many as wanted or the flush limit is over.

    ``wanted`` is the number of lines by pod UID. A pod whose log cannot be read any more has no entry.
    """

    def lines_of(pod: Pod) -> list[str] | None:
        lines: list[str] | None = None

        def complete() -> bool:
            nonlocal lines
            text = _log(namespace, pod.name)
            lines = None if text is None else list(filter(counts, text.splitlines()))
            return lines is None or len(lines) >= wanted.get(pod.uid, 0)

        until(complete, limit_s=limits.FLUSH_S, every_s=0.1)
        return lines

    return _of_each(pods, lines_of)


def heads(namespace: Namespace, pods: Iterable[Pod]) -> dict[str, str]:
    """Return how each pod's log begins, by UID; it begins otherwise once the kubelet has rotated it (at 10 MiB, by default)."""
    return _of_each(pods, lambda pod: _log(namespace, pod.name, limit_bytes=HEAD_BYTES))


def _of_each(pods: Iterable[Pod], ask: Callable[[Pod], T | None]) -> dict[str, T]:
    pods = tuple(pods)
    with ThreadPoolExecutor(max_workers=8) as pool:
        found = zip(pods, pool.map(ask, pods), strict=True)
        return {pod.uid: answer for pod, answer in found if answer is not None}


def _log(namespace: Namespace, pod: str, **only: int) -> str | None:
    try:
        response = CoreV1Api(namespace.api).read_namespaced_pod_log(
            pod, namespace.name, timestamps=bool(only), _preload_content=False, **only
        )
    except ApiException:
        return None
    return str(response.data.decode(errors="replace"))
