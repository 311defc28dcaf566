"""A Service that is in the cluster already, with a backend of its owner's: nothing of it is made, changed or taken away."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from itertools import groupby
from socket import create_connection

from kubernetes.client.exceptions import ApiException

from evenly import limits
from evenly.errors import EvenlyError
from evenly.k8s import nodes, services
from evenly.k8s.converge import Settled
from evenly.k8s.endpoints import EndpointsWatch, Reading
from evenly.k8s.namespace import Namespace
from evenly.k8s.nodes import Node
from evenly.k8s.pods import Pod, in_namespace
from evenly.k8s.probe import PROBE_ID
from evenly.k8s.services import Port
from evenly.k8s.wait import until
from evenly.load.answer import Answer, ErrorKind
from evenly.load.identify import Identify
from evenly.load.rows import Row
from evenly.scenario.epochs import Change
from evenly.scenario.pod_logs import Unverified
from evenly.scenario.target import CONSECUTIVE_GOOD, NOT_SETTLED, EntryPoints, Ledger, ServiceRef
from evenly.scenario.testbed import Testbed


@dataclass(slots=True)
class AdoptedTarget:
    """A Service of the cluster; its pods are those of its EndpointSlices as a load begins.

    A load goes to its node port on each node, and also ``through`` ``services.LOAD_BALANCER`` where it has an external address.
    ``identify`` says how an answer names its pod.
    """

    bed: Testbed
    ref: ServiceRef
    identify: Identify
    endpoints: EndpointsWatch
    cluster_nodes: tuple[Node, ...]
    entries: EntryPoints
    settled: Settled = NOT_SETTLED
    manifests: tuple[str, ...] = ()
    clients: tuple[Pod, ...] = ()
    new_connections_only: str = "the pods of a Service that evenly did not make are known by one answer on each connection"
    known: dict[str, Pod] = field(default_factory=dict)  # all pods seen so far, by UID

    def host(self, to: str = "") -> str:
        """Return "": requests name the address that they go to."""
        if to:
            raise EvenlyError(f"there is no client pod that could connect to {to}", "leave it out: load() without to=")
        return ""

    def settle(self, through: str = "", consecutive_good: int = 0) -> None:
        """Take the pods that are endpoints now, and wait until they alone answer here, each of them, or an answer names no pod.

        A pod may have left just before: so many answers in a row must come from current endpoints.
        """
        wanted = consecutive_good or CONSECUTIVE_GOOD
        name, where = f"{self.ref.namespace.name}/{self.ref.name}", self.ref.namespace.name
        if not until(lambda: bool(self.endpoints.ready), limit_s=self.bed.settings.converge_s):
            raise EvenlyError(
                f"Service {name} has no ready endpoint, so no pod could answer",
                f"see its pods: kubectl -n {where} get endpointslices,pods",
            )
        until(self.endpoints_are_whole, limit_s=limits.ENDPOINTS_WHOLE_S)
        ready = self.endpoints.ready
        pods = tuple(pod for pod in self._look() if pod.uid in ready)
        self.identify = self.identify.knowing(_names(pods))
        address = self.entries.address(through)
        answers: list[Answer | ErrorKind] = []

        def all_answered() -> bool:
            answers.append(ask(address, self.identify))
            by = [answer.uid if isinstance(answer, Answer) else "" for answer in answers]
            return ready <= set(by) and len(by) >= wanted and ready.issuperset(by[-wanted:])

        opened = until(
            all_answered, limit_s=limits.ALL_ANSWERED_S, every_s=0.005, in_vain=lambda: ErrorKind.NOT_OURS in answers
        )
        self.settled = Settled(pods, opened)

    def endpoints_are_whole(self) -> bool:
        """Tell whether the endpoints are the ready pods that it selects; without a selector that cannot be told."""
        selector = self.ref.spec().selector
        selected = [pod for pod in self._look() if selector.items() <= pod.labels.items()]
        return not selector or self.endpoints.ready == {pod.uid for pod in selected if pod.ready}

    def ledger(self, ids: str, *, pods_change: bool = False) -> AbstractContextManager[Ledger]:
        """Open the ledger of a load, which no log cross-checks: this backend has none of our ids."""
        del ids, pods_change
        return nullcontext(Unverified())

    def resolved(self, rows: Sequence[Row]) -> tuple[Row, ...]:
        """Return the rows with UIDs in the place of the names of pods that came after the load had begun."""
        names = _names(self.known.values())
        if any(not row.error and row.uid not in names for row in rows):
            self._look()
            names = _names(self.known.values())
        return tuple(row._replace(uid=names.get(row.uid, row.uid)) for row in rows)

    def changes_seen(self, made: Sequence[Change], pauses_ns: Sequence[int]) -> tuple[Change, ...]:
        """Return the beginning, and each change of the endpoints since, as the watch saw it.

        A roll-out changes them many times: all changes between two of ``pauses_ns``, when the test had seen the load even,
        are one, which is done when the last has come.
        """
        beginning = made[0]
        self._look()
        later = [reading for reading in self.endpoints.readings(beginning.done_ns) if reading.at_ns > beginning.done_ns]
        changes = [beginning]
        for _, group in groupby(later, key=lambda reading: bisect_left(pauses_ns, reading.at_ns)):
            changes.append(self._change(tuple(group), changes[-1].pods))
        return tuple(changes)

    def _change(self, readings: Sequence[Reading], before: tuple[Pod, ...]) -> Change:
        last = next((reading for reading in reversed(readings) if reading.ready), None)
        pods = self._pods(last.ready) if last else before  # who has lost all its pods is held to those that it had
        passing = {pod.uid: pod for reading in readings for pod in self._pods(reading.ready) if pod not in pods}
        return Change("the endpoints changed", readings[0].at_ns, readings[-1].at_ns, pods, tuple(passing.values()))

    def _pods(self, uids: frozenset[str]) -> tuple[Pod, ...]:
        return tuple(self.known[uid] for uid in sorted(uids) if uid in self.known)

    def _look(self) -> tuple[Pod, ...]:
        """Return the pods that there are now, and remember them."""
        pods = in_namespace(self.ref.namespace)
        self.known.update((pod.uid, pod) for pod in pods)
        return pods


@contextmanager
def adopt(bed: Testbed, name: str, identify: Identify) -> Iterator[AdoptedTarget]:
    """Find a Service by ``namespace/name``, watch its endpoints, and wait until its pods have answered.

    Raises EvenlyError where there is no such Service, no node port, or no ready endpoint.
    """
    home, _, service = name.rpartition("/")
    namespace = Namespace(bed.api, home or "default")
    port = _node_port(namespace, service)
    cluster_nodes = nodes.everyone(bed.api)
    addresses = {node.name: node.address for node in cluster_nodes}
    entries = EntryPoints(bed.cluster.entry_points(port.node_port, addresses), port.node_port)
    if address := services.external_address(service, namespace):
        entries.balancers[services.LOAD_BALANCER] = f"{address}:{port.port}"
    with EndpointsWatch(namespace, service) as endpoints:
        target = AdoptedTarget(bed, ServiceRef(namespace, service, port), identify, endpoints, cluster_nodes, entries)
        target.settle()
        yield target


def _node_port(namespace: Namespace, service: str) -> Port:
    """Return the Service's first port that has a node port."""
    where = f"-n {namespace.name} get service"
    try:
        ports = services.read(service, namespace).ports
    except ApiException as error:
        raise EvenlyError(
            f"there is no Service {namespace.name}/{service}: {error.reason}", f"see those that are: kubectl {where}"
        ) from None
    port = next((port for port in ports if port.node_port), None)
    if port is None:
        raise EvenlyError(
            f"Service {namespace.name}/{service} has no node port, so nothing outside the cluster reaches it",
            f"give it type NodePort or LoadBalancer; what it has now: kubectl {where} {service}",
        )
    return port


def _names(pods: Iterable[Pod]) -> dict[str, str]:
    """Return the UID for every name that a pod may go by."""
    return {name: pod.uid for pod in pods for name in (pod.name, pod.ip, pod.uid)}


def ask(address: str, identify: Identify) -> Answer | ErrorKind:
    """Send one probe, which is never part of a sample."""
    host, _, port = address.rpartition(":")
    try:
        with create_connection((host, int(port)), timeout=limits.scaled(limits.PROBE_S)) as connection:
            connection.sendall(identify.request(PROBE_ID, address))
            return identify.read(b"".join(iter(lambda: connection.recv(4096), b"")))
    except OSError:
        return ErrorKind.UNREACHABLE
