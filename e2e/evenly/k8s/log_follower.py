"""The pods' logs while they are written: a pod that is deleted takes its log along, so each is read as it grows."""

import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import suppress
from types import TracebackType
from typing import Self

from kubernetes.client import CoreV1Api, V1ContainerStatus, V1Pod
from kubernetes.client.exceptions import ApiException
from kubernetes.informer import ADDED, MODIFIED, SharedInformer
from urllib3 import BaseHTTPResponse
from urllib3.exceptions import HTTPError

from evenly import limits
from evenly.k8s.namespace import Namespace
from evenly.k8s.wait import until


class LogFollower:
    """Follows the log of every container that runs in a namespace, from its beginning, also of those that start later.

    ``counts`` picks the lines to keep, and ``informer`` tells of the pods; without one the namespace's are watched. A log that
    was followed to its end is whole, unless its container was killed: what it had not written by then is nowhere.
    """

    def __init__(self, namespace: Namespace, counts: Callable[[str], bool], informer: SharedInformer | None = None) -> None:
        self._namespace = namespace
        self._counts = counts
        self._lock = threading.Lock()
        self._lines: dict[str, list[str]] = defaultdict(list)
        self._threads: dict[str, threading.Thread] = {}
        self._streams: dict[str, BaseHTTPResponse] = {}
        self._came_s: dict[str, float] = {}
        self._reading: Counter[str] = Counter()
        self._ended: set[str] = set()
        self._stopped = False
        pods = CoreV1Api(namespace.api).list_namespaced_pod
        self._informer = informer or SharedInformer(pods, namespace=namespace.name)
        for event in (ADDED, MODIFIED):
            self._informer.add_event_handler(event, self._seen)

    def __enter__(self) -> Self:
        self._informer.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self._informer.stop()
        with self._lock:
            self._stopped = True
            streams, threads = tuple(self._streams.values()), tuple(self._threads.values())
        for stream in streams:
            with suppress(ValueError, RuntimeError):  # it has ended by itself
                stream.shutdown()
        for thread in threads:
            thread.join(limits.scaled(limits.FLUSH_S))

    def lines(self, wanted: Mapping[str, Collection[str]]) -> dict[str, tuple[str, ...]]:
        """Return the lines by pod UID, once each log has those that begin with the words wanted, or has ended.

        A pod that goes on in another container is waited for until it has been still for a while, ``limits.STILL_S``, and each
        for no longer than the flush limit.
        """
        still_s = limits.scaled(limits.STILL_S)

        def complete(uid: str) -> bool:
            if not self._reading[uid] or (uid in self._ended and time.monotonic() - self._came_s[uid] > still_s):
                return True
            return _begins(self._lines[uid]).issuperset(wanted[uid])

        def all_complete() -> bool:
            with self._lock:
                return all(map(complete, wanted))

        until(all_complete, limit_s=limits.FLUSH_S)
        with self._lock:
            return {uid: tuple(lines) for uid, lines in self._lines.items()}

    @property
    def ended(self) -> frozenset[str]:
        """The pods (UIDs) of which a container has ended: the end of such a log may never have been written."""
        with self._lock:
            return frozenset(self._ended)

    def _seen(self, pod: V1Pod) -> None:
        for status in pod.status.container_statuses or []:
            if status.container_id and (status.state.running or status.state.terminated):
                self._follow(pod, status)

    def _follow(self, pod: V1Pod, status: V1ContainerStatus) -> None:
        with self._lock:
            if self._stopped or status.container_id in self._threads:
                return
            thread = threading.Thread(target=self._read, args=(pod, status.name, status.container_id), daemon=True)
            self._threads[status.container_id] = thread
            self._reading[pod.metadata.uid] += 1
        thread.start()

    def _read(self, pod: V1Pod, container: str, container_id: str) -> None:
        uid = pod.metadata.uid
        with suppress(ApiException, HTTPError):  # it has gone: what was not read by then is told as such
            stream: BaseHTTPResponse = CoreV1Api(self._namespace.api).read_namespaced_pod_log(
                *(pod.metadata.name, pod.metadata.namespace), container=container, follow=True, _preload_content=False
            )
            with self._lock:
                self._streams[container_id] = stream
            try:
                self._keep(uid, stream)
            finally:
                stream.close()
        with self._lock:
            self._reading[uid] -= 1
            self._ended.add(uid)
            self._came_s[uid] = time.monotonic()

    def _keep(self, uid: str, stream: BaseHTTPResponse) -> None:
        rest = b""
        for part in stream.stream(amt=None):
            *whole, rest = (rest + part).split(b"\n")
            lines = [line for line in (raw.decode(errors="replace") for raw in whole) if self._counts(line)]
            with self._lock:
                self._lines[uid].extend(lines)
                self._came_s[uid] = time.monotonic()


def _begins(lines: Iterable[str]) -> set[str]:
    return {line.partition(" ")[0] for line in lines}
