"""What a Service declares about the pods that answer: the share each of them gets, of what, and how a pod is picked."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from math import fsum
from types import MappingProxyType
from typing import Protocol

_SUM_TOLERANCE = 1e-9  # shares written as decimals, such as 0.333333333, still count as a whole


class Unit(StrEnum):
    """What the shares are shares of."""

    CONNECTION = "connection"
    CLIENT = "client"


class Deviation(StrEnum):
    """A way to break a law."""

    SHARES = "a pod gets more or less than its share"
    ORDER = "a pod depends on the one before"
    DRIFT = "the shares change while the load runs"
    TURN = "a connection is out of turn"
    MOVE = "a client moves to another pod"


class Pick(StrEnum):
    """How a new connection gets its pod."""

    INDEPENDENT = "independent"
    IN_TURN = "in turn"
    PER_CLIENT = "per client"

    @property
    def unit(self) -> Unit:
        """What is drawn, and what the shares count."""
        return Unit.CLIENT if self is Pick.PER_CLIENT else Unit.CONNECTION

    @property
    def expects(self) -> str:
        """What holds when a Service keeps a law of this kind, as a sentence."""
        return _EXPECTS[self]

    @property
    def tested(self) -> tuple[Deviation, ...]:
        """The deviations that are looked for."""
        return _TESTED[self]


_EXPECTS = {
    Pick.INDEPENDENT: "Each new connection picks its pod anew, with the declared shares as chances, whatever came before.",
    Pick.IN_TURN: "Connections that are opened one after the other go to the pods in turn.",
    Pick.PER_CLIENT: "Each client picks its pod once, with the declared shares as chances, and stays on it.",
}

_TESTED = {
    Pick.INDEPENDENT: (Deviation.SHARES, Deviation.ORDER, Deviation.DRIFT),
    Pick.IN_TURN: (Deviation.TURN,),  # pods that take turns cannot be further apart than one connection
    Pick.PER_CLIENT: (Deviation.MOVE, Deviation.SHARES),
}


@dataclass(frozen=True, slots=True)
class Law:
    """A declared distribution of new connections over pods: the shares, and how a connection picks.

    ``shares`` maps a pod's key (its UID, or its name until a load resolves it) to its share, from 0 to 1, in the order given;
    they sum to 1. A share of 0 declares a pod that must not answer: its first answer is an unexpected one, and no tally is kept
    for it. A single pod is a law too (share 1): nothing can be uneven then, and PASS says that no other pod answers.
    Raises ValueError without a pod, for a share outside 0 to 1, when the shares do not sum to 1, and for turns that are not
    equal among the pods that answer.
    """

    name: str
    shares: Mapping[str, float]
    pick: Pick = Pick.INDEPENDENT

    def __post_init__(self) -> None:
        shares = dict(self.shares)
        if not shares:
            raise ValueError("a law needs at least one pod; none was given")
        outside = {pod: share for pod, share in shares.items() if not 0 <= share <= 1}
        if outside:
            raise ValueError(f"a share is a number from 0 to 1; got {outside}")
        total = fsum(shares.values())
        if abs(total - 1) > _SUM_TOLERANCE:
            raise ValueError(f"the shares must sum to 1; they sum to {total:.9g}")
        object.__setattr__(self, "shares", MappingProxyType(shares))
        if self.pick is Pick.IN_TURN and len(set(self.answering.values())) > 1:
            raise ValueError(f"pods that take turns have equal shares; got {shares}")

    @property
    def answering(self) -> dict[str, float]:
        """The pods that may answer, those with a share above 0, with their shares, in order."""
        return {pod: share for pod, share in self.shares.items() if share > 0}


class Pod(Protocol):
    """Whatever is known by its UID."""

    @property
    def uid(self) -> str:
        """What the cluster calls it, and nothing else."""


def uniform(pods: Iterable[str | Pod]) -> Law:
    """Declare that every pod gets the same share, as kube-proxy's random choice does; each pod once, in order of display."""
    return Law("uniform random", _equal(pods))


def weighted(shares: Mapping[str, float] | Mapping[Pod, float]) -> Law:
    """Declare that connections pick at random, with these shares."""
    return Law("weighted random", {_key(pod): share for pod, share in shares.items()})


def grouped(*groups: tuple[float, Iterable[str | Pod]]) -> Law:
    """Declare that each group of pods gets its share, such as 0.9 and 0.1, and that the pods of one divide it evenly.

    Raises ValueError for a group without pods that has a share.
    """
    shares: dict[str, float] = {}
    for share, pods in groups:
        group = tuple(map(_key, pods))
        if share and not group:
            raise ValueError(f"a group without pods cannot get a share; got {share}")
        shares |= {pod: share / len(group) for pod in group}
    return weighted(shares)


def round_robin(pods: Iterable[str | Pod]) -> Law:
    """Declare that connections go to the pods in turn; it can be seen only where they are opened one after the other."""
    return Law("round robin", _equal(pods), Pick.IN_TURN)


def sticky(pods: Iterable[str | Pod]) -> Law:
    """Declare that a client stays on its pod and that the clients, not their connections, are spread evenly."""
    return Law("sticky", _equal(pods), Pick.PER_CLIENT)


def local_only(own: Iterable[str | Pod], others: Iterable[str | Pod]) -> Law:
    """Declare that a node's own pods share its connections evenly and the pods of ``others``, on other nodes, get none."""
    return Law("local only", _equal(own, without=others))


def absent(pods: Iterable[str | Pod], without: Iterable[str | Pod]) -> Law:
    """Declare that ``pods`` share all connections evenly and those of ``without`` get none, though they are there."""
    return Law("absent", _equal(pods, without=without))


def _key(pod: str | Pod) -> str:
    return pod if isinstance(pod, str) else pod.uid


def _equal(pods: Iterable[str | Pod], without: Iterable[str | Pod] = ()) -> dict[str, float]:
    """Give equal shares to the pods and none to the others; each is to be named once."""
    equal, none = tuple(map(_key, pods)), tuple(map(_key, without))
    if len({*equal, *none}) < len(equal) + len(none):
        raise ValueError(f"every pod is to be named once; got {equal + none}")
    return {pod: 1 / len(equal) for pod in equal} | dict.fromkeys(none, 0.0)
