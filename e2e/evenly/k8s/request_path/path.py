"""The way of one request, hop by hop: each is told by a witness of its own, and the way ends where one has nothing to tell."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from evenly.k8s.pods import Pod
from evenly.k8s.proxy_rules.rules import Rules
from evenly.k8s.request_path.conntrack import Tracked


class Place(StrEnum):
    """Where a request can be, in the order of its way; a way that is whole ends at ANSWER."""

    CLIENT = "client"
    NODE = "node"
    RULE = "rule"
    POD = "pod"
    BACK = "back"
    ANSWER = "answer"


@dataclass(frozen=True, slots=True)
class Seen:
    """What the witnesses of one request say; ``rules`` with what they counted because of it.

    ``client`` is this end's ``host:port``, "" when no connection came about, and ``entry`` the one that it connects to. ``uid``
    is the pod that the answer names, and ``seen_client`` the host that it takes for its client; both "" without an answer.
    ``tracked`` is None where the node's connection table has nothing of it. Where no answer came, ``error`` is what the client
    was told, and ``tried`` what a connection from the node to each target came to.
    """

    client: str
    entry: str
    node: str
    node_port: int
    rules: Rules
    tracked: Tracked | None
    uid: str
    seen_client: str
    pods: tuple[Pod, ...]
    error: str = ""
    tried: Mapping[str, str] = field(default_factory=dict)

    @property
    def targets(self) -> tuple[str, ...]:
        """Where the rules sent it: one, by the connection table or else by the rules' counters, or any where none counts."""
        if self.tracked:
            return (self.tracked.back.source,)
        if self.rules.passed is None:
            return tuple(self.rules.targets)
        return tuple(target for target, count in self.rules.targets.items() if count)


@dataclass(frozen=True, slots=True)
class Hop:
    """One place on the way: the address that it had there, from where to where it went, and how that is known."""

    place: Place
    at: str
    way: str
    witness: str


@dataclass(frozen=True, slots=True)
class Path:
    """The hops that a request took, and why it went no further; "" when its answer came back."""

    seen: Seen
    hops: tuple[Hop, ...]
    reason: str = ""

    @property
    def ports(self) -> tuple[int, ...]:
        """The node's, the Service's own and the pod's, as they were used."""
        used = dict.fromkeys(_port(target) for target in self.seen.targets)
        return (self.seen.node_port, _port(self.seen.rules.own_address), *used)

    @property
    def ended(self) -> Place:
        """The last place that is known to have seen it, or its answer."""
        return self.hops[-1].place

    @property
    def text(self) -> str:
        """The way as a person reads it: a line for each hop, aligned."""
        width = max(len(hop.way) for hop in self.hops)
        lines = [f"{hop.place:<6}  {hop.way:<{width}}  {hop.witness}" for hop in self.hops]
        return "\n".join([*lines, *([f"it ends here: {self.reason}"] if self.reason else [])])


def path(seen: Seen) -> Path:
    """Put the witnesses of one request together, hop by hop, as far as they go and agree."""
    hops: list[Hop] = []
    for step in (_client, _node, _rule, _pod, _back, _answer):
        found = step(seen)
        if isinstance(found, str):
            return Path(seen, tuple(hops), found)
        hops.append(found)
    return Path(seen, tuple(hops))


def _port(address: str) -> int:
    return int(address.rpartition(":")[2])


# Each step returns a hop, or why there is none; it may rely on those before it.


def _client(seen: Seen) -> Hop | str:
    client = seen.client or "this machine"
    return Hop(Place.CLIENT, client, f"{client} -> {seen.entry}", f"the entry point to {seen.node}")


def _node(seen: Seen) -> Hop | str:
    if seen.rules.passed not in {None, 1}:
        sent = f"one connection was opened ({seen.error})" if seen.error else "one connection was opened"
        return f"{sent}, and the rules of nodePort {seen.node_port} counted {seen.rules.passed}"
    if seen.tracked:
        there = seen.tracked.there
        return Hop(Place.NODE, there.destination, str(there), f"nodePort {seen.node_port}, in the node's connection table")
    at = f"{seen.node}:{seen.node_port}"
    return Hop(Place.NODE, at, at, f"nodePort {seen.node_port}; no open connection in the node's table")


def _rule(seen: Seen) -> Hop | str:
    rules, targets = seen.rules, seen.targets
    if rules.passed is not None and len(targets) != 1:
        return f"the rules counted it for {' and for '.join(targets) or 'no pod'}"
    for target in targets:
        if target not in rules.targets:
            return f"the connection table says {target}, which is in no rule of the Service"
        if rules.targets[target] not in {None, 1}:
            return f"the connection table says {target}, for which the rules counted {rules.targets[target]}"
    if rules.passed is not None:
        known = "1 connection more"
    elif seen.tracked:
        known = "not counted in nftables mode, but in the connection table"
    else:
        known = "so the rules say; nftables mode does not count"
    way = f"{rules.chain} -> {' or '.join(targets)}"
    name = rules.service.rpartition("/")[2]
    return Hop(Place.RULE, rules.own_address, way, f"of {name}, which is {rules.own_address}; {known}")


def _pod(seen: Seen) -> Hop | str:
    if not seen.uid:
        tried = "; ".join(f"{target}: {words}" for target, words in seen.tried.items())
        return f"{seen.error}; from the node itself to {tried}"
    pod = next((pod for pod in seen.pods if pod.uid == seen.uid), None)
    if not pod:
        return f"the pod that answered, {seen.uid}, is none of the Service's"
    at = next((target for target in seen.targets if target.rpartition(":")[0] == pod.ip), "")
    if not at:
        return f"{pod.name} answered, whose address is {pod.ip}"
    return Hop(Place.POD, at, f"{pod.name} on {pod.node}", f"as its answer says; the client that it saw is {seen.seen_client}")


def _back(seen: Seen) -> Hop | str:
    if not seen.tracked:
        return "the node's connection table has nothing of it"
    there, back = seen.tracked.there, seen.tracked.back
    if back.destination.rpartition(":")[0] != seen.seen_client:
        return f"the node waits for {back}, but the pod answers to {seen.seen_client}"
    return Hop(Place.BACK, back.destination, str(back), f"which the node turns into {there.destination} -> {there.source}")


def _answer(seen: Seen) -> Hop | str:
    return Hop(Place.ANSWER, seen.client, f"{seen.entry} -> {seen.client}", "on the connection that the client opened")
