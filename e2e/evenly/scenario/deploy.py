"""A Service in the cluster, from its manifests to the gate: applied, settled, asked, and taken away."""

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Self

from evenly.cluster import conntrack_flush
from evenly.cluster.host.ports import NODE_PORT
from evenly.errors import EvenlyError, NotApplicableError
from evenly.k8s import manifest, namespace, nodes
from evenly.k8s.converge import converge
from evenly.k8s.endpoints import EndpointsWatch
from evenly.k8s.expectations import Declared
from evenly.k8s.pods import Pod
from evenly.k8s.probe import PATIENCE_S, Reply, ask, prober
from evenly.k8s.proxy_rules import sync
from evenly.k8s.request_path import from_node_network
from evenly.k8s.senders import client_pods as client
from evenly.scenario.record import Scenario
from evenly.scenario.testbed import Bench
from evenly.shipped import shipped

IMAGE_IN_MANIFESTS = "nginx:1.26"

QUIET = 50
"""Answers in a row from endpoints alone, after which nobody who has left is taken to answer any more."""

Apply = Callable[[Sequence[manifest.Document], namespace.Namespace], None]


class Deployed:
    """A Service in a namespace of its own: applied and, unless its gate stays shut, settled when the ``with`` block begins.

    ``files`` are manifests: the backend's, the Service's, and what is put beside them. The first Deployment's pods are the
    expected ones, and those of ``wanted`` Deployments, and ``apply`` puts the objects into the namespace. With ``client_pods``
    it is reached from so many pods of the cluster, else from outside. Leaving the block takes everything away again, unless
    ``leave`` was called; the namespace goes in the background.
    """

    def __init__(  # noqa: PLR0913 - what a test may say about its Service
        self,
        bench: Bench,
        scenario: Scenario,
        files: tuple[str, ...],
        apply: Apply = namespace.apply,
        *,
        wanted: tuple[str, ...] = (),
        client_pods: int = 0,
    ) -> None:
        self._bench = bench
        self._scenario = scenario
        self._files = files
        self._apply = apply
        self._wanted = wanted
        self._client_pods = client_pods
        self._clients: tuple[Pod, ...] = ()
        self._doors = dict(bench.cluster.doors)
        self._nodes = tuple(self._doors)
        self._stack = ExitStack()
        self._left = False

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self._set_up(stack)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stack.close()

    @property
    def pods(self) -> tuple[Pod, ...]:
        """The pods that are expected to answer, by name."""
        return self._settled.expected

    @property
    def nodes(self) -> tuple[str, ...]:
        """The nodes that a load can go through, each with rules of its own; the first is where one goes by default."""
        return self._nodes

    @cached_property
    def zones(self) -> Mapping[str, str]:
        """The zone of each node of the cluster; "" where it has none."""
        return {node.name: node.zone for node in nodes.everyone(self._bench.api)}

    @property
    def home(self) -> namespace.Namespace:
        """The namespace that it lives in."""
        return self._namespace

    @property
    def name(self) -> str:
        """The Service's name."""
        return self._service

    def check_apart(self) -> None:
        """Raise NotApplicableError where all of its pods are on one node, as where only one takes any."""
        if len({pod.node for pod in self.pods}) == 1:
            raise NotApplicableError(
                f"all pods of {self.name} are on {self.pods[0].node}", "have two nodes or more that take pods"
            )

    def add_door(self, name: str, address: str) -> None:
        """Let a load come ``through`` something else than a node, such as a load balancer before them all."""
        self._doors[name] = address

    @property
    def clients(self) -> tuple[Pod, ...]:
        """The client pods that loads come from, by name; none where they come from outside."""
        return self._clients

    @property
    def type(self) -> str:
        """The Service's type, as the API server has it now."""
        return client.view_from_inside(self._service, self._namespace).type

    @property
    def dns_name(self) -> str:
        """The Service's DNS name in the cluster, with its port."""
        return client.view_from_inside(self._service, self._namespace).name

    @property
    def address(self) -> str:
        """The Service's address in the cluster, with its port, as the API server has it now."""
        return client.view_from_inside(self._service, self._namespace).address

    def ask(self, times: int = 1, *, to: str = "") -> tuple[Reply, ...]:
        """Ask so many times, one after the other, the way that a load goes; one without a UID is none."""
        host = self._host(to)
        return tuple(ask(self._doors[self.nodes[0]], host, PATIENCE_S) for _ in range(times))

    def connect_from_outside(self, address: str) -> str:
        """Connect to an address from the network of the nodes; return ``outside.ACCEPTED``, or the system's words."""
        return from_node_network.connect(address, from_node_network.device_of(self._node_address))

    @property
    def node_port(self) -> str:
        """The first node's own address, with the node port."""
        return f"{self._node_address}:{NODE_PORT}"

    @property
    def _node_address(self) -> str:
        return next(node.address for node in nodes.everyone(self._bench.api) if node.name == self.nodes[0])

    def await_rules(self, among: Sequence[str]) -> None:
        """Wait until the rules of these nodes hold what the API server has said by now, on a cluster made here."""
        sync.await_rules(self._namespace, self._bench.cluster.on_node, among)

    def leave(self) -> None:
        """Leave the Service and its pods in the cluster; the next run on it takes them away."""
        self._left = True

    def _set_up(self, stack: ExitStack) -> None:
        """Put everything into the cluster and wait at the gate; ``stack`` takes it away again."""
        bench = self._bench
        documents = [document for file in self._files for document in manifest.read(_path_of(file))]
        source = " and ".join(self._files)
        way_in = client.so_many(manifest.read(_path_of(client.MANIFEST)), self._client_pods) if self._client_pods else ()
        self._declared = Declared.of(documents, source, wanted=self._wanted, from_inside=self._client_pods > 0)
        self._service = self._declared.service
        self._namespace = namespace.create(bench.api, bench.run.run_id, self._scenario.name)
        stack.callback(self._take_away, namespace.delete, self._namespace)
        self._endpoints = stack.enter_context(EndpointsWatch(self._namespace, self._service))
        # the next one may need its node port
        stack.callback(self._take_away, namespace.delete_service, self._service, self._namespace)
        if way_in:
            stack.callback(self._take_away, namespace.delete_service, client.CLIENT, self._namespace)
        image = bench.cluster.backend_image or IMAGE_IN_MANIFESTS
        self._apply(manifest.with_image([*documents, *way_in], IMAGE_IN_MANIFESTS, image), self._namespace)
        # only now: where a field is mistyped, the API server's own words are the better ones
        manifest.check_way_in(manifest.only(way_in or documents, "Service", source), NODE_PORT, source)
        if bench.cluster.kind:  # while the pods start
            for node in self.nodes:
                conntrack_flush.forget(bench.cluster, node, NODE_PORT)
        self._settle_at_rest(self.nodes[0])
        if bench.cluster.kind and not self._settled.opened:
            self.await_rules(self.nodes[:1])  # those of an earlier Service may still lead to its pods

    def _host(self, to: str = "") -> str:
        """Return what a request's Host header says: where the client pods are to connect to, "" without any."""
        if to and not self._client_pods:
            raise EvenlyError(
                f"nobody is there to connect to {to}", "give the Service client pods: service(..., client_pods=1)"
            )
        return to or (self.dns_name if self._client_pods else "")

    def _entry(self, node: str) -> str:
        """Return the node whose rules choose the pod, for what goes through this one; "" where there are several."""
        nodes = {pod.node for pod in self._clients} or {node}
        return nodes.pop() if len(nodes) == 1 else ""

    def _settle_at_rest(self, node: str, quiet: int = 0) -> None:
        """Wait at the gate while no load is on, and have the node forget the probes that were lost meanwhile."""
        self._settle(node, quiet)
        if self._bench.cluster.kind and self._settled.unanswered and node in self.nodes:
            conntrack_flush.forget(self._bench.cluster, node, NODE_PORT)

    def _settle(self, node: str, quiet: int = 0) -> None:
        """Wait at the gate, with an eye to what comes through this node, also that nobody who has left answers there."""
        limit_s = self._bench.settings.converge_s
        if self._client_pods:
            self._clients = client.await_pods(self._namespace, limit_s)
        if self._declared.near or (self._clients and self._declared.local):
            quiet = QUIET  # a node's rules may lead to all pods until those near it are ready
        self._settled = converge(
            self._namespace,
            self._declared,
            self._endpoints,
            prober(self._doors[node], self._host()),
            node=self._entry(node),
            zones=self.zones,
            quiet=quiet,
            limit_s=limit_s,
            tell=self._bench.run.progress.say,
        )
        if len(self._clients) > 1:
            client.await_ways(self._clients, lambda: self.ask()[0], self._reached_by, limit_s)

    def _reached_by(self, client_pod: Pod) -> AbstractSet[str]:
        """Return the pods (UIDs) that a client pod comes to, where it comes to more than one."""
        if self._declared.sticky:
            return frozenset()
        return self._declared.reaches(self._endpoints.ready, client_pod.node, self.pods, self.zones)

    def _take_away(self, delete: Callable[..., None], *what: object) -> None:
        if not self._left:
            delete(*what)


def _path_of(file: str) -> Path:
    """Return a manifest's path: as it is named from where the tests run, else one of evenly's own."""
    return Path(file) if Path(file).exists() else shipped(f"manifests/{file}")
