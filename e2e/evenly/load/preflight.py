"""Before a load: whether this machine has the ports, files and connection tracking entries that it needs."""

import resource
from dataclasses import dataclass
from pathlib import Path

from evenly.errors import EvenlyError

TRACKED_PER_ATTEMPT = 3
"""Entries in the kernel's table: 2 to 3 where bridged traffic is tracked too; each stays for 120 s."""

FILES_BESIDE_SOCKETS = 100
"""What Python, gevent and Locust hold open."""

_SYSCTL = Path("/proc/sys/net")


@dataclass(frozen=True, slots=True)
class Limits:
    """What a load can use: local ports and open files at a time, and free connection tracking entries; None where unknown."""

    ports: int | None
    files: int
    tracked_free: int | None


def read_limits() -> Limits:
    """Read this machine's limits; a system other than Linux tells only those of its files."""
    ports = _numbers("ipv4/ip_local_port_range")
    used, most = _numbers("netfilter/nf_conntrack_count"), _numbers("netfilter/nf_conntrack_max")
    _, files = resource.getrlimit(resource.RLIMIT_NOFILE)  # Locust raises the soft limit
    return Limits(ports[1] - ports[0] + 1 if ports else None, files, most[0] - used[0] if used and most else None)


def check(cap: int, clients: int, limits: Limits | None = None) -> None:
    """Raise EvenlyError, with the remedy, when ``cap`` attempts by ``clients`` at a time cannot fit this machine's limits.

    Ports are needed for attempts under way only: the server closes first, and whoever does so keeps the connection's ports.
    """
    limits = limits or read_limits()
    if limits.ports is not None and clients > limits.ports:
        raise EvenlyError(
            f"{clients} clients need a local port each, and this machine has {limits.ports}",
            'use fewer clients, or widen the range: sysctl -w net.ipv4.ip_local_port_range="15000 60999"',
        )
    if limits.files != resource.RLIM_INFINITY and clients + FILES_BESIDE_SOCKETS > limits.files:
        raise EvenlyError(
            f"{clients} clients need {clients + FILES_BESIDE_SOCKETS} open files, and this process may have {limits.files}",
            f"use fewer clients, or raise the limit: ulimit -Hn {clients + FILES_BESIDE_SOCKETS}",
        )
    if limits.tracked_free is not None and cap * TRACKED_PER_ATTEMPT > limits.tracked_free:
        raise EvenlyError(
            f"up to {cap} connections need {cap * TRACKED_PER_ATTEMPT} connection tracking entries, "
            f"and {limits.tracked_free} are free",
            "wait 2 minutes after a large load, plan fewer connections, or enlarge the table: "
            "sysctl -w net.netfilter.nf_conntrack_max=1048576",
        )


def _numbers(sysctl: str) -> list[int] | None:
    try:
        return [int(word) for word in (_SYSCTL / sysctl).read_text(encoding="ascii").split()]
    except OSError:
        return None
