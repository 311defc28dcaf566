"""What a load needs to know of a Service, however that got into the cluster."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol

from evenly.errors import EvenlyError
from evenly.k8s import services
from evenly.k8s.converge import Settled
from evenly.k8s.endpoints import EndpointsWatch
from evenly.k8s.namespace import Namespace
from evenly.k8s.node_access import NodeAccess
from evenly.k8s.nodes import Node
from evenly.k8s.pods import Pod
from evenly.k8s.services import Port, Spec, View
from evenly.load.client.reconcile import Reconciled
from evenly.load.identify import Identify
from evenly.load.rows import Row
from evenly.scenario.epochs import Change

CONSECUTIVE_GOOD = 50
"""Answers in a row from current endpoints after which a pod that has left is taken to get no more connections."""

NOT_SETTLED = Settled((), opened=False)


@dataclass(frozen=True, slots=True)
class ServiceRef:
    """A Service of the cluster, and the one of its ports that loads go to; the port's ``node_port`` is 0 where it has none."""

    namespace: Namespace
    name: str
    port: Port

    def spec(self) -> Spec:
        """Return the Service's fields, as the API server has them now."""
        return services.read(self.name, self.namespace)

    def inside(self) -> View:
        """Return its type, its DNS name and its address in the cluster, as the API server has them now."""
        return services.view_from_inside(self.name, self.namespace)


@dataclass(frozen=True, slots=True)
class EntryPoints:
    """Where a load can go, as ``host:port`` of this machine: through each node, the usual one first, and through balancers.

    ``node_port`` is the port that a node has open on its own address.
    """

    nodes: Mapping[str, str]
    node_port: int
    balancers: dict[str, str] = field(default_factory=dict)

    @property
    def usual(self) -> str:
        """The node that a load goes through where nothing else is said."""
        return next(iter(self.nodes))

    def address(self, through: str = "") -> str:
        """Return the address of an entry point, by its name; EvenlyError for a name that there is not."""
        addresses = {**self.nodes, **self.balancers}
        if through and through not in addresses:
            raise EvenlyError(f"a load cannot go through {through}", f"name one of: {', '.join(addresses)}")
        return addresses[through or self.usual]

    def node_at(self, address: str) -> str:
        """Return the node whose entry point this is; "" for none's."""
        return next((node for node, at in self.nodes.items() if at == address), "")


class Ledger(Protocol):
    """What tells, after a load, which pods have seen its attempts."""

    def reconcile(self, rows: Sequence[Row], pods: Sequence[Pod], *, kept: bool) -> Reconciled:
        """Join the rows with what these pods logged; ``kept`` says that a connection was meant to carry several attempts."""


class Target(Protocol):
    """A Service that loads go to.

    ``settled`` says who is to answer, and whether all of them did. ``identify`` is None for evenly's own backend, whose logs
    are read. ``manifests`` are the files that it was made of, and ``clients`` the client pods
    that loads come from; none where there are none. ``new_connections_only`` says why each request needs a connection of its
    own, "" where it does not.
    """

    ref: ServiceRef
    entries: EntryPoints
    endpoints: EndpointsWatch
    cluster_nodes: tuple[Node, ...]
    settled: Settled
    manifests: tuple[str, ...]
    clients: tuple[Pod, ...]
    new_connections_only: str

    @property
    def identify(self) -> Identify | None:
        """How an answer names its pod."""

    def host(self, to: str = "") -> str:
        """Return what a request's Host header says; "" for the address that it goes to."""

    def settle(self, through: str = "", consecutive_good: int = 0) -> None:
        """Wait until those who are to answer have done so through this entry point, or cannot; then ``settled`` says who."""

    def ledger(self, ids: str, *, pods_change: bool = False) -> AbstractContextManager[Ledger]:
        """Open the ledger of a load whose attempts' ids begin with ``ids``, "" where they carry none."""

    def resolved(self, rows: Sequence[Row]) -> tuple[Row, ...]:
        """Return the rows with UIDs in the place of other names that their pods go by."""

    def changes_seen(self, made: Sequence[Change], pauses_ns: Sequence[int]) -> tuple[Change, ...]:
        """Return the changes of the pods so far: those ``made`` by the test, and those that were seen."""


def zones(target: Target) -> Mapping[str, str]:
    """Return the zone of each node of the cluster; "" where it has none."""
    return {node.name: node.zone for node in target.cluster_nodes}


def entry_node(target: Target, through: str) -> str:
    """Return the node whose rules choose the pod for what comes through here; "" where there are several."""
    nodes = {pod.node for pod in target.clients} or {through}
    return nodes.pop() if len(nodes) == 1 else ""


def settle_at_rest(target: Target, access: NodeAccess, through: str = "", consecutive_good: int = 0) -> None:
    """Settle while no load is on, and have the node forget the probes that were lost meanwhile."""
    target.settle(through, consecutive_good)
    node = through or target.entries.usual
    if target.settled.unanswered and node in target.entries.nodes:
        access.forget_connections([node], target.entries.node_port)


def node_port(target: Target) -> str:
    """Return the first node's own address, with the port that it has open for loads."""
    return f"{own_address(target)}:{target.entries.node_port}"


def own_address(target: Target) -> str:
    """Return the address that its first node has on the nodes' own network."""
    return next(node.address for node in target.cluster_nodes if node.name == target.entries.usual)
