"""Which pods a Service sends to: its EndpointSlices, watched from before the load to after it."""

import threading
import time
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from kubernetes.client import DiscoveryV1Api
from kubernetes.informer import ADDED, DELETED, MODIFIED, SharedInformer

from evenly.k8s.namespace import Namespace


@dataclass(frozen=True, slots=True)
class Reading:
    """The ready pods (UIDs) from a moment on, until the next reading.

    ``at_ns`` is on the monotonic clock, which no setting of the time moves, and which all processes of a machine share
    ("always system-wide", as Python's documentation of time.monotonic says): the load's own times are on it, too.
    """

    at_ns: int
    ready: frozenset[str]


def addresses(namespace: Namespace, service: str) -> frozenset[str]:
    """Return where a Service of one port leads now: ``host:port`` of each ready pod."""
    slices = DiscoveryV1Api(namespace.api).list_namespaced_endpoint_slice(
        namespace.name, label_selector=f"kubernetes.io/service-name={service}"
    )
    return frozenset(
        f"{endpoint.addresses[0]}:{port.port}"
        for endpoint_slice in slices.items
        for port in endpoint_slice.ports or []
        for endpoint in endpoint_slice.endpoints or []
        if endpoint.conditions.ready
    )


class EndpointsWatch:
    """Watches the EndpointSlices of one Service and keeps a reading for each change of the set of ready pods.

    A watch, not a poll: a pod that leaves and comes back between two polls would go unseen.
    """

    def __init__(self, namespace: Namespace, service: str) -> None:
        self._informer = SharedInformer(
            DiscoveryV1Api(namespace.api).list_namespaced_endpoint_slice,
            namespace=namespace.name,
            label_selector=f"kubernetes.io/service-name={service}",
        )
        self._lock = threading.Lock()
        self._readings = [Reading(time.monotonic_ns(), frozenset())]
        for event in (ADDED, MODIFIED, DELETED):
            self._informer.add_event_handler(event, self._changed)

    def __enter__(self) -> Self:
        self._informer.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self._informer.stop()

    @property
    def ready(self) -> frozenset[str]:
        """The pods that are ready now."""
        with self._lock:
            return self._readings[-1].ready

    @property
    def since_ns(self) -> int:
        """Since when these have been the ready pods, as the watch has heard it; nodes may have heard it before."""
        with self._lock:
            return self._readings[-1].at_ns

    def readings(self, since_ns: int) -> tuple[Reading, ...]:
        """Return the reading that held at ``since_ns`` and every later one, oldest first."""
        with self._lock:
            before = [reading for reading in self._readings if reading.at_ns <= since_ns]
            return (*before[-1:], *(reading for reading in self._readings if reading.at_ns > since_ns))

    def _changed(self, _: object) -> None:
        ready = frozenset(
            endpoint.target_ref.uid
            for endpoint_slice in self._informer.cache.list()
            for endpoint in endpoint_slice.endpoints or []
            if endpoint.conditions.ready and endpoint.target_ref
        )
        with self._lock:
            if ready != self._readings[-1].ready:
                self._readings.append(Reading(time.monotonic_ns(), ready))
