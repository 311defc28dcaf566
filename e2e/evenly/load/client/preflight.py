"""Before a load: whether this machine has the ports, files and connection tracking entries that it needs, and at which pace."""

import resource
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from evenly.errors import EvenlyError
from evenly.load.client import conntrack_capacity
from evenly.load.pace import TRACKED_STAY_S, sustainable_per_s
from evenly.load.plan import LOAD_LIMIT_S

FILES_BESIDE_SOCKETS = 100
"""What Python, gevent and Locust hold open."""

LONGEST_PACED_S = 600.0
"""Nobody waits longer for a load that has to be paced; then a larger table, or a smaller load, is the better remedy."""

_SYSCTL = Path("/proc/sys/net")
_SOCKETS = Path("/proc/net/sockstat")

_PORTS = "local ports"
_TRACKED = "connection tracking entries"

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
class Fit:
    """How a load fits: at no more than this rate, or at full speed (None), and why, in a sentence."""

    rate_limit_per_s: float | None
    sentence: str

    def bears(self, rate_per_s: float) -> bool:
        """Tell whether this rate fits; 0 is full speed."""
        return self.rate_limit_per_s is None or 0 < rate_per_s <= self.rate_limit_per_s


@dataclass(frozen=True, slots=True)
class _Need:
    """What connections leave behind for a while: how many of what, and how many of them are free."""

    name: str
    number: int
    free: int
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


def check(cap: int, clients: int, limits: Limits | None = None) -> None:
    """Raise EvenlyError, with the remedy, when ``cap`` attempts by ``clients`` at a time do not fit at full speed.

    Ports are needed for attempts under way only: the server closes first, and whoever does so keeps the connection's ports.
    """
    fit(cap, clients, limits or read_limits(), limit_s=0)


def fit(  # noqa: PLR0913 - what makes a load large, each by its name
    cap: int,
    clients: int,
    limits: Limits,
    *,
    hold: int = 0,
    limit_s: float = LOAD_LIMIT_S,
    client_closes: bool = False,
    addresses: int = 1,
) -> Fit:
    """Return how ``cap`` connections, and ``hold`` more after the verdict, by ``clients`` at a time, fit these limits.

    They come from so many ``addresses``, each of which has the ports.
    ``client_closes``: our side, or a proxy on this machine, closes first and keeps a port for a minute; not where Linux takes
    such ports again, which it does on loopback (net.ipv4.tcp_tw_reuse=2). Raises EvenlyError, with the remedy, where even a
    pace that fits would take longer than ``limit_s``.
    """
    _check_clients(clients, limits)
    connections = cap + hold
    ports = limits.ports and limits.ports * addresses
    needs = {need.name: need for need in _needs(connections, limits, ports, client_closes=client_closes)}
    short = {name: need for name, need in needs.items() if need.number > need.free}
    if not short:
        what = " and ".join(f"{need.number} of {need.free} free {need.name}" for need in needs.values())
        return Fit(None, f"up to {connections} connections fit at full speed{f': they need {what}' if what else ''}")
    rate = sustainable_per_s(
        ports=short[_PORTS].free - clients if _PORTS in short else None,
        tracked=conntrack_capacity.connections(short[_TRACKED].free, ports) - clients if _TRACKED in short else None,
        tracked_stay_s=limits.tracked_stay_s,
    )
    why = " and ".join(f"{need.number} {need.name}, and {need.free} are free" for need in short.values())
    if rate * limit_s < connections:
        raise EvenlyError(
            f"up to {connections} connections need {why}"
            + (f"; at a pace that fits, {rate:.1f} a second, they take longer than {limit_s:g} s" if limit_s else ""),
            "plan fewer connections, or " + ", and ".join(need.remedy for need in short.values()),
        )
    return Fit(rate, f"up to {connections} connections fit at {rate:.1f} a second: all at once they need {why}")


def _needs(connections: int, limits: Limits, ports: int | None, *, client_closes: bool) -> Iterator[_Need]:
    if client_closes and ports is not None:
        yield _Need(_PORTS, connections, ports - limits.in_time_wait, _WIDEN)
    if limits.tracked_free is not None:
        yield _Need(_TRACKED, conntrack_capacity.entries(connections, ports), limits.tracked_free, _ENLARGE)


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
