"""What kube-proxy's rules on a node do with connections to a Service, in either of its modes."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Choice:
    """A node's choice by chance among the endpoints of a Service.

    ``shares`` is the part of new connections that each address ("ip:port") gets, in the order of the rules. ``change`` returns
    the command that gives the first address another chance, or takes it out of the rules where that is 0.
    """

    shares: Mapping[str, float]
    change: Callable[[float], tuple[str, ...]]

    @property
    def first(self) -> str:
        """The address that the rules name first."""
        return next(iter(self.shares))


@dataclass(frozen=True, slots=True)
class Rules:
    """What a node does with connections to one port of a Service.

    ``service`` is "namespace/name:port name", or without the colon for a port without a name. ``own_address``, the Service's
    own, leads into the ``chain``, and so does ``node_port``; "" and 0 where none does. ``targets`` are the addresses that the
    chain turns connections to. With each stands how many it was, from anywhere, and in ``passed`` how many came into the chain
    by the node port; None where kube-proxy's mode does not count. ``choice`` is None where no chance decides.
    """

    service: str
    own_address: str
    chain: str
    passed: int | None
    targets: Mapping[str, int | None]
    node_port: int = 0
    choice: Choice | None = None

    def since(self, before: "Rules") -> "Rules":
        """Return these rules with what they counted since ``before``."""
        counted = {target: _more(count, before.targets.get(target, 0)) for target, count in self.targets.items()}
        return replace(self, passed=_more(self.passed, before.passed), targets=counted)


def of_node_port(rules: Iterable[Rules], node_port: int) -> Rules | None:
    """Return the rules that a node port leads to; None when it does not lead where the Service's own port does."""
    return next((each for each in rules if each.node_port == node_port and each.own_address), None)


def of_service(rules: Iterable[Rules], namespace: str, service: str, port: str = "") -> Rules | None:
    """Return the rules of a Service; ``port`` is the name of the Service's port."""
    name = f"{namespace}/{service}:{port}".rstrip(":")
    return next((each for each in rules if each.service == name), None)


def _more(now: int | None, before: int | None) -> int | None:
    return None if now is None or before is None else now - before
