"""Before a load: whether this machine has the ports, files and connection tracking entries that it needs.

A connection may be tracked three times on its way: from the client to docker-proxy, from there to the node and, where bridged
traffic is tracked too, from the node to a pod on another one. The first two leave from a port of this machine, of which there
are so many; when one is used again so is its entry, also while that stays. The third may leave from any.
"""

import math
import resource
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from evenly.errors import EvenlyError
from evenly.load.pace import sustainable_per_s

OWN_PORT, ANY_PORT = 2, 1
"""Entries of a connection that leave from a port of this machine, and from any."""

FILES_BESIDE_SOCKETS = 100
"""What Python, gevent and Locust hold open."""

TIME_WAIT_S = 60.0
"""How long whoever closes first keeps a connection's ports; a constant of Linux (TCP_TIMEWAIT_LEN)."""

TRACKED_STAY_S = 120.0
"""How long connection tracking keeps a connection that has ended (nf_conntrack_tcp_timeout_time_wait, as Linux sets it)."""

TRACKED_SWEEP_S = 60.0
"""How long an entry may go on counting when its time is over, until the kernel sweeps it out (GC_SCAN_INTERVAL_MAX in Linux).

Measured: with a stay of 6 s and room for 2,000, one entry a connection, 40 connections a second filled the table.
"""

_SYSCTL = Path("/proc/sys/net")
_SOCKETS = Path("/proc/net/sockstat")

_WIDEN = 'widen the range: sysctl -w net.ipv4.ip_local_port_range="15000 60999"'
_ENLARGE = "wait 3 minutes after a large load, or enlarge the table: sysctl -w net.netfilter.nf_conntrack_max=1048576"


@dataclass(frozen=True, slots=True)
class Limits:
    """What a load can use: local ports and open files at a time, and free connection tracking entries; None where unknown.

    ``in_time_wait`` is how many connections that have ended still keep a port, ``tracked_stay_s`` how long an entry outlives
    its connection. All are of this process's network namespace; the table's size is the machine's.
    """

    ports: int | None
    files: int
    tracked_free: int | None
    in_time_wait: int = 0
    tracked_stay_s: float = TRACKED_STAY_S


@dataclass(frozen=True, slots=True)
class _Need:
    """What connections leave behind for a while: how many of what, how many are free, and the rate that these bear."""

    name: str
    number: int
    free: int
    sustainable_per_s: float
    remedy: str


def read_limits() -> Limits:
    """Read this machine's limits; a system other than Linux tells only those of its files."""
    ports = _numbers("ipv4/ip_local_port_range")
    used, most = _numbers("netfilter/nf_conntrack_count"), _numbers("netfilter/nf_conntrack_max")
    stay_s = _numbers("netfilter/nf_conntrack_tcp_timeout_time_wait")
    _, files = resource.getrlimit(resource.RLIMIT_NOFILE)  # Locust raises the soft limit
    return Limits(
        ports=ports[1] - ports[0] + 1 if ports else None,
        files=files,
        tracked_free=most[0] - used[0] if used and most else None,
        in_time_wait=_in_time_wait(),
        tracked_stay_s=stay_s[0] if stay_s else TRACKED_STAY_S,
    )


def check(  # noqa: PLR0913 - what makes a load large, each by its name
    cap: int,
    clients: int,
    limits: Limits | None = None,
    *,
    hold: int = 0,
    rate_per_s: float = 0.0,
    addresses: int = 1,
    client_closes: bool = False,
) -> None:
    """Raise EvenlyError, with the remedy, where ``cap`` connections, and ``hold`` more after the verdict, do not fit.

    ``clients`` are under way at a time, from so many ``addresses``, each of which has the ports. Connections come at
    ``rate_per_s``, 0 for full speed; a rate that these limits bear for as long as one likes fits, however many they are.
    ``client_closes``: our side, or a proxy on this machine, closes first and keeps a port for a minute; not where Linux takes
    such ports again, which it does on loopback (net.ipv4.tcp_tw_reuse=2).
    """
    limits = limits or read_limits()
    _check_clients(clients, limits)
    connections = cap + hold
    needs = _needs(connections, clients, limits, addresses, client_closes=client_closes)
    short = [need for need in needs if need.number > need.free]
    most_per_s = min((need.sustainable_per_s for need in short), default=math.inf)
    if not short or 0 < rate_per_s <= most_per_s:
        return
    why = " and ".join(f"{need.number} {need.name}, and {need.free} are free" for need in short)
    remedies = ["plan fewer connections", ", and ".join(need.remedy for need in short)]
    if slower := math.floor(most_per_s):
        in_a_test = f" (in a test, rate_per_s={slower})" if rate_per_s else ""  # which may give a load a rate of its own
        remedies.insert(0, f"send fewer a second: --rate {slower}/s{in_a_test}, for up to {math.ceil(connections / slower)} s")
    raise EvenlyError(f"up to {connections} connections need {why}", ", or ".join(remedies))


def entries(connections: int, ports: int | None) -> int:
    """Return the most tracking entries that so many connections take, by so many local ports; None where that is unknown.

    Measured: 20,000 in a row took 28,000; 60,000 took 50,000 more.
    """
    return OWN_PORT * min(connections, connections if ports is None else ports) + ANY_PORT * connections


def connections_in(free: int, ports: int | None) -> int:
    """Return how many connections so many free entries are enough for: the inverse of ``entries``, rounded down."""
    each = free // (OWN_PORT + ANY_PORT)
    return each if ports is None else max(each, (free - OWN_PORT * ports) // ANY_PORT)


def _needs(connections: int, clients: int, limits: Limits, addresses: int, *, client_closes: bool) -> Iterator[_Need]:
    ports, tracked = limits.ports and limits.ports * addresses, limits.tracked_free
    if client_closes and ports is not None:
        free = ports - limits.in_time_wait
        yield _Need("local ports", connections, free, sustainable_per_s(free - clients, TIME_WAIT_S), _WIDEN)
    if tracked is not None:
        per_s = sustainable_per_s(connections_in(tracked, ports) - clients, limits.tracked_stay_s + TRACKED_SWEEP_S)
        yield _Need("connection tracking entries", entries(connections, ports), tracked, per_s, _ENLARGE)


def _check_clients(clients: int, limits: Limits) -> None:
    if limits.ports is not None and clients > limits.ports:
        raise EvenlyError(
            f"{clients} clients need a local port each, and this machine has {limits.ports}", f"use fewer clients, or {_WIDEN}"
        )
    if limits.files != resource.RLIM_INFINITY and clients + FILES_BESIDE_SOCKETS > limits.files:
        raise EvenlyError(
            f"{clients} clients need {clients + FILES_BESIDE_SOCKETS} open files, and this process may have {limits.files}",
            f"use fewer clients, or raise the limit: ulimit -Hn {clients + FILES_BESIDE_SOCKETS}",
        )


def _numbers(sysctl: str) -> list[int] | None:
    try:
        return [int(word) for word in (_SYSCTL / sysctl).read_text(encoding="ascii").split()]
    except OSError:
        return None


def _in_time_wait() -> int:
    try:
        words = _SOCKETS.read_text(encoding="ascii").split()
    except OSError:
        return 0
    return int(words[words.index("tw") + 1])
