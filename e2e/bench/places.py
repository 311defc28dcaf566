"""Where the load goes: one nginx in a network of its own, bare or behind rules, or a door that somebody names."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass

from evenly.k8s.wait import until
from evenly.load.client.preflight import entries, read_limits
from evenly.process import run
from planes.bench import ADDRESSES, RULES_LIMIT_S
from planes.rules import DOOR, DOOR_PORT, nftables
from planes.servers import PORT, Servers, pods_network

TRACKED_LIMIT_S = 150.0
"""A connection stays in the kernel's table for 120 s."""


@dataclass(frozen=True, slots=True)
class Target:
    """An address and a port."""

    address: str
    port: int

    def __str__(self) -> str:
        return f"{self.address}:{self.port}"


@dataclass(frozen=True, slots=True)
class Place:
    """A target that is there as long as ``open`` is; opened anew for each load, so that none meets another's remains."""

    name: str
    open: Callable[[], AbstractContextManager[Target]]


def bare(servers: Servers) -> Place:
    """One nginx, asked directly."""

    @contextmanager
    def opened() -> Iterator[Target]:
        with pods_network(), servers.pod("uid-1", ADDRESSES[0]).running():
            yield Target(ADDRESSES[0], PORT)

    return Place("One nginx, and no rules", opened)


def behind_rules(servers: Servers, tools: Mapping[str, str]) -> Place:
    """Three nginx behind a rule that chooses at random."""

    @contextmanager
    def opened() -> Iterator[Target]:
        with pods_network(), ExitStack() as stack:
            for number, address in enumerate(ADDRESSES):
                stack.enter_context(servers.pod(f"uid-{number}", address).running())
            rules = nftables(ADDRESSES, PORT, [1] * len(ADDRESSES))
            run(*rules.argv, stdin=rules.text, env=tools, timeout_s=RULES_LIMIT_S)
            yield Target(DOOR, DOOR_PORT)

    return Place("Three nginx behind a nftables rule that chooses at random", opened)


def door(target: Target, connections: int) -> Place:
    """Return a Service that runs already, such as a cluster's door, opened once the kernel can track so many connections."""

    def room() -> bool:
        limits = read_limits()
        return limits.tracked_free is None or limits.tracked_free >= entries(connections, limits.ports)

    def opened() -> AbstractContextManager[Target]:
        until(room, limit_s=TRACKED_LIMIT_S, every_s=1.0)
        return nullcontext(target)

    return Place(f"A Service at {target}", opened)
