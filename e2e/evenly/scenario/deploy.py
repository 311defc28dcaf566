"""A Service of evenly's own: from its manifests to the convergence check, and taken away at the end."""

from collections.abc import Callable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from evenly import limits, shipped
from evenly.cluster.host.ports import NODE_PORT
from evenly.errors import EvenlyError
from evenly.k8s import manifest, namespace, nodes, services
from evenly.k8s.converge import Convergence, Settled
from evenly.k8s.endpoints import EndpointsWatch
from evenly.k8s.expectations import Expectations
from evenly.k8s.nodes import Node
from evenly.k8s.pods import Pod
from evenly.k8s.probe import Reply, ask, prober
from evenly.k8s.proxy_rules.sync import await_rules
from evenly.k8s.senders import client_pods
from evenly.load.rows import Row
from evenly.scenario.epochs import Change
from evenly.scenario.pod_logs import FollowedPodLogs, PodLogs
from evenly.scenario.target import (
    CONSECUTIVE_GOOD,
    NOT_SETTLED,
    EntryPoints,
    Ledger,
    ServiceRef,
    entry_node,
    settle_at_rest,
    zones,
)
from evenly.scenario.testbed import Testbed

IMAGE_IN_MANIFESTS = "nginx:1.26"

Apply = Callable[[Sequence[manifest.Document], namespace.Namespace], None]
Find = Callable[[str], Path]
"""Finds a manifest by the name that a test gives."""


@dataclass(frozen=True, slots=True)
class Files:
    """What a test says its Service is made of: manifests, Deployments beside the first whose pods answer too, client pods."""

    manifests: tuple[str, ...]
    wanted: tuple[str, ...] = ()
    client_pods: int = 0


@dataclass(slots=True)
class DeployedTarget:
    """A Service in a namespace of its own, with evenly's backend; ``leave`` has it stay when its ``with`` block ends."""

    bed: Testbed
    ref: ServiceRef
    files: Files
    expectations: Expectations
    endpoints: EndpointsWatch
    cluster_nodes: tuple[Node, ...]
    entries: EntryPoints
    settled: Settled = NOT_SETTLED
    clients: tuple[Pod, ...] = ()
    identify: None = None
    manifests: tuple[str, ...] = ()
    new_connections_only: str = ""
    left: bool = False

    def __post_init__(self) -> None:
        self.manifests = self.files.manifests
        if self.files.client_pods:
            self.manifests += (client_pods.MANIFEST,)
            self.new_connections_only = "client pods make a connection for each request"

    def leave(self) -> None:
        """Leave the Service and its pods in the cluster; the next run on it takes them away."""
        self.left = True

    def host(self, to: str = "") -> str:
        """Return where client pods are to connect to, which a request's Host header says; "" without any."""
        if to and not self.files.client_pods:
            raise EvenlyError(
                f"there is no client pod that could connect to {to}", "give the Service one: service(..., client_pods=1)"
            )
        return to or (self.ref.inside().name if self.files.client_pods else "")

    def ask(self, times: int = 1, *, to: str = "") -> tuple[Reply, ...]:
        """Ask so many times, one after the other, the way that a load goes; one without a UID is none."""
        address, host = self.entries.address(), self.host(to)
        return tuple(ask(address, host, limits.ANSWER_S) for _ in range(times))

    def settle(self, through: str = "", consecutive_good: int = 0) -> None:
        """Wait until roll-out, endpoints and answers through an entry point agree.

        Where pods have left, so many answers in a row must come from current endpoints.
        """
        through = through or self.entries.usual
        limit_s = self.bed.settings.converge_s
        if self.files.client_pods:
            self.clients = client_pods.await_pods(self.ref.namespace, limit_s)
        if self.expectations.preferred or (self.clients and self.expectations.local):
            consecutive_good = CONSECUTIVE_GOOD  # a node's rules may lead to all pods until those near it are ready
        check = Convergence(
            self.ref.namespace,
            self.expectations,
            self.endpoints,
            prober(self.entries.address(through), self.host()),
            node=entry_node(self, through),
            zones=zones(self),
            consecutive_good=consecutive_good,
        )
        self.settled = check.wait(limit_s, self.bed.run.progress.say)
        if len(self.clients) > 1:
            client_pods.await_ways(self.clients, lambda: self.ask()[0], self._reached_by, limit_s)

    def ledger(self, ids: str, *, pods_change: bool = False) -> AbstractContextManager[Ledger]:
        """Open the pods' logs: as they are before the load, or followed while it runs."""
        if pods_change:
            return FollowedPodLogs(self.ref.namespace, ids)
        return nullcontext(PodLogs(self.ref.namespace, self.settled.expected, ids))

    def resolved(self, rows: Sequence[Row]) -> tuple[Row, ...]:
        """Return the rows: evenly's backend names itself by its UID."""
        return tuple(rows)

    def changes_seen(self, made: Sequence[Change], pauses_ns: Sequence[int]) -> tuple[Change, ...]:
        """Return the changes that the test has made: any other would be a fault."""
        del pauses_ns
        return tuple(made)

    def _reached_by(self, client_pod: Pod) -> AbstractSet[str]:
        """Return the pods (UIDs) that a client pod comes to, where it comes to more than one."""
        if self.expectations.sticky:
            return frozenset()
        return self.expectations.reaches(self.endpoints.ready, client_pod.node, self.settled.expected, zones(self))


@contextmanager
def deploy(
    bed: Testbed,
    purpose: str,
    files: Files,
    *,
    find: Find = shipped.manifest,
    apply: Apply = namespace.apply,
) -> Iterator[DeployedTarget]:
    """Put a Service into a namespace of its own, wait at the convergence check, and take everything away at the end.

    The first Deployment's pods are the expected ones, and those of ``wanted`` Deployments. ``apply`` puts the objects into the
    namespace. With client pods the Service is reached from these, else from outside. The namespace goes in the background.
    Raises EvenlyError where the manifests leave no pod to answer, or no way in.
    """
    documents = [document for file in files.manifests for document in manifest.read(find(file))]
    source = " and ".join(files.manifests)
    clients = client_pods.so_many(manifest.read(shipped.manifest(client_pods.MANIFEST)), files.client_pods)
    way_in = clients if files.client_pods else ()
    expectations = Expectations.of(documents, source, wanted=files.wanted, from_inside=files.client_pods > 0)
    name = expectations.service
    with ExitStack() as stack:
        home = namespace.create(bed.api, bed.run.run_id, purpose)
        undo = stack.enter_context(ExitStack())
        undo.callback(namespace.delete, home)
        endpoints = stack.enter_context(EndpointsWatch(home, name))
        for service in (name, *([client_pods.CLIENT] if way_in else [])):
            undo.callback(namespace.delete_service, service, home)  # the next one may need its node port
        image = bed.cluster.backend_image or IMAGE_IN_MANIFESTS
        apply(manifest.with_image([*documents, *way_in], IMAGE_IN_MANIFESTS, image), home)
        # only now: where a field is mistyped, the API server's own words are the better ones
        manifest.check_way_in(manifest.only(way_in or documents, "Service", source), NODE_PORT, source)
        target = DeployedTarget(
            bed=bed,
            ref=ServiceRef(home, name, services.read(name, home).ports[0]),
            files=files,
            expectations=expectations,
            endpoints=endpoints,
            cluster_nodes=nodes.everyone(bed.api),
            entries=EntryPoints(bed.cluster.entries, NODE_PORT),
        )
        bed.cluster.forget_connections(list(target.entries.nodes), NODE_PORT)  # while the pods start
        settle_at_rest(target, bed.cluster)
        if not target.settled.opened:  # rules of an earlier Service may still lead to its pods
            await_rules(home, bed.cluster, [target.entries.usual])
        yield target
        if target.left:
            undo.pop_all()
