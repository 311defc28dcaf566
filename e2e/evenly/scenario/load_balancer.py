"""A load balancer before a Service under test: put there, told in the Service's status, and judged over the nodes."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from evenly import limits
from evenly.cluster.engine import haproxy
from evenly.cluster.engine.haproxy import Server
from evenly.cluster.host.ports import NODE_PORT
from evenly.errors import EvenlyError, NotApplicableError
from evenly.judge.law import uniform
from evenly.judge.share_rule import ShareRule
from evenly.judge.verdict import Cause, Verdict, Word
from evenly.k8s import nodes, services
from evenly.k8s.nodes import Node
from evenly.k8s.probe import prober
from evenly.k8s.wait import until
from evenly.load.rows import Row
from evenly.scenario.outcome import Outcome
from evenly.scenario.service import ServiceUnderTest
from evenly.scenario.testbed import Testbed

FAVOUR = 3
"""How many connections a favoured node gets in a round, where each of the others gets one."""


@dataclass(frozen=True, slots=True)
class LoadBalancer:
    """A load balancer that answers.

    A load goes through it by ``name``; ``address`` is its own, which the Service's status tells. ``config`` is HAProxy's, or
    says that the cluster's own provider has made it. ``meant`` are those of the ``nodes`` that it is to send to.
    """

    name: str
    address: str
    config: str
    nodes: tuple[Node, ...]
    meant: tuple[Node, ...]
    bed: Testbed

    def over_nodes(self, outcome: Outcome) -> Verdict:
        """Judge whether a load through it was spread evenly over the nodes, with the error rates that the pods have.

        The nodes are those that are meant, and whichever others it sent to. Raises NotApplicableError where it is not decided
        because pods do not see by which node a connection came in.
        """
        settings = self.bed.settings
        entered = self._entries(outcome)
        law = uniform(node.name for node in self.nodes if node in self.meant or node.name in entered)
        verdict = judged(ShareRule(law, settings.alpha, settings.beta, settings.delta), entered)
        if verdict.cause is Cause.UNDECIDED and (unknown := entered.count(None)):
            raise NotApplicableError(
                f"pods of this cluster do not see by which node {unknown:,} of {len(entered):,} connections came in",
                "have kube-proxy put a node's address in the place of the client's (externalTrafficPolicy: Cluster)",
            )
        return verdict

    def table(self, outcome: Outcome) -> str:
        """Write how many connections of a load came in by each node, as the pods saw it."""
        counts = Counter(self._entries(outcome))
        names = [(node.name, counts[node.name]) for node in self.nodes]
        unknown = [("unknown", counts[None])] if counts[None] else []
        return "".join(f"{name:<40}{count:>8,}\n" for name, count in (*names, *unknown))

    def _entries(self, outcome: Outcome) -> list[str | None]:
        return entries(outcome.rows, self.nodes)


def entries(rows: Sequence[Row], among: Sequence[Node]) -> list[str | None]:
    """Return the node by which each connection came in, in order of start; None for an error and for an unknown one."""
    return [
        None if row.error else nodes.entered(among, row.client)
        for row in rows
        if row.error or row.request == 1  # later ones on a connection are no choices
    ]


def judged(rule: ShareRule, entered: Sequence[str | None]) -> Verdict:
    """Judge the choices of a node; connections whose node is unknown speak for neither side."""
    counts = Counter(dict.fromkeys(rule.law.answering, 0))
    counts.update(node for node in entered if node is not None)
    look = rule.look(counts, unattributed=entered.count(None))
    match look.decides:
        case Word.PASS:
            return Verdict(None, len(entered))
        case Word.FAIL:
            return Verdict(look.most_against, len(entered))
        case _:
            return Verdict(Cause.UNDECIDED, len(entered))


@contextmanager
def before(svc: ServiceUnderTest, bed: Testbed, favours: str = "") -> Iterator[LoadBalancer]:
    """Put a load balancer before a Service under test, and take it away again.

    It is HAProxy where the cluster gives Services no external addresses, and sends ``FAVOUR`` times as much to the node that it
    ``favours``; else it is what the cluster's provider gives. Raises NotApplicableError where there is none, EvenlyError when
    it does not answer.
    """
    if bed.cluster.gives_external_addresses:
        yield _provided(svc, bed, favours)
        return
    among = nodes.everyone(bed.api)
    servers = [Server(n.name, f"{n.address}:{NODE_PORT}", FAVOUR if n.name == favours else 1) for n in among]
    config = haproxy.configuration(servers)
    svc.await_rules([node.name for node in among])  # a node that did not answer would be left out, also for a while after
    with bed.cluster.haproxy(config) as (balancer, image):
        bed.run.describe({"Load balancer": f"HAProxy, image {image}"})
        _await_answer(
            balancer.entry, limits.BALANCER_ANSWER_S, "see whether the nodes do, at their own entry points; and run again"
        )
        services.give_external_address(svc.name, svc.home, balancer.address)
        svc.add_entry_point(balancer.name, balancer.entry)
        yield LoadBalancer(balancer.name, balancer.address, config, among, among, bed)


def _provided(svc: ServiceUnderTest, bed: Testbed, favours: str) -> LoadBalancer:
    """Return what the cluster's own provider has put before the Service."""
    if favours:
        bed.cluster.check_ours("no load balancer of its own is made to favour a node")
    among, meant = nodes.everyone(bed.api), nodes.everyone(bed.api, nodes.FOR_BALANCERS)
    if len(meant) == 1:
        raise NotApplicableError(f"{meant[0].name} is all that load balancers are to send to", "have two such nodes or more")
    address = _given(svc)
    if not address:
        raise NotApplicableError(
            f"this cluster gave {svc.name} no external address within {limits.told(limits.PROVIDER_S)}",
            "install a provider, such as MetalLB or cloud-provider-kind",
        )
    entry = f"{address}:{haproxy.PORT}"
    _await_answer(entry, limits.PROVIDER_S, "see whether it is in reach of this machine, and passes on what it gets")
    svc.add_entry_point(services.LOAD_BALANCER, entry)
    return LoadBalancer(services.LOAD_BALANCER, address, "made by the cluster's own provider", among, meant, bed)


def _await_answer(address: str, limit_s: float, remedy: str) -> None:
    """Wait until a pod answers through a load balancer; EvenlyError where none does."""
    ask = prober(address)
    if not until(lambda: ask() is not None, limit_s=limit_s):
        raise EvenlyError(f"the load balancer has not answered at {address} within {limits.told(limit_s)}", remedy)


def check_no_provider(svc: ServiceUnderTest, bed: Testbed) -> None:
    """Raise NotApplicableError where a provider gives the Service an external address; none does on a cluster made here."""
    if bed.cluster.gives_external_addresses and (address := _given(svc)):
        raise NotApplicableError(f"this cluster has a provider: it gave {svc.name} {address}", "leave this test out")


def _given(svc: ServiceUnderTest) -> str:
    """Wait for the address that a provider gives, and return it; "" where none comes."""
    until(lambda: bool(services.external_address(svc.name, svc.home)), limit_s=limits.PROVIDER_S)
    return services.external_address(svc.name, svc.home)
