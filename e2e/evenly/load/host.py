"""What this host and the load's process did during a load, as the kernel counted it; Linux only."""

import os
import time
from collections import Counter
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Self

_PROC = Path("/proc")
_WRAPS_AT = 1 << 32  # connection tracking counts in 32 bits for each CPU; no load gets near this, so nothing else is harmed
_IDLE = slice(3, 5)  # of the columns in /proc/stat: idle, and idle while something waits for a disk
_ALL = slice(8)  # the two columns behind these, time given to guests, are in the first ones already
_USER_AND_SYSTEM = slice(11, 13)  # of the columns in /proc/PID/stat, counted from behind the program's name


@dataclass(frozen=True, slots=True)
class NetworkCounts:
    """What went wrong in one network namespace; 0 where this kernel does not count it."""

    segments_sent_again: int  # with the SYNs
    syns_sent_again: int
    listen_drops: int  # with the overflows
    listen_overflows: int
    refused_by_time_wait: int
    tracked_insert_failed: int
    tracked_dropped: int  # with the failed inserts that were clashes of two connections
    tracked_early_dropped: int

    def since(self, before: Self) -> Self:
        """Return what was counted from one reading to this one."""
        counts = ((getattr(self, field.name) - getattr(before, field.name)) % _WRAPS_AT for field in fields(self))
        return type(self)(*counts)

    def __add__(self, other: Self) -> Self:
        """Return what went wrong in two network namespaces."""
        return type(self)(*(getattr(self, field.name) + getattr(other, field.name) for field in fields(self)))


@dataclass(frozen=True, slots=True)
class HostCounters:
    """Counters at one moment, each since some earlier one; only the difference of two readings says anything.

    ``network`` is of the client's network namespace alone: what a pod or a node drops is counted in its own. ``idle_s`` and
    ``host_s`` are CPU time of the whole host, over all CPUs.
    """

    at_ns: int
    network: NetworkCounts
    client_cpu_s: float
    idle_s: float
    host_s: float

    @classmethod
    def read(cls, pid: int) -> Self | None:
        """Read what concerns the client with this process id; None where it does not run, or not on Linux."""
        client = _PROC / str(pid)
        try:
            counts = _named(client / "net/snmp", "Tcp:") | _named(client / "net/netstat", "TcpExt:")
            own = (client / "stat").read_bytes().rpartition(b")")[2].split()[_USER_AND_SYSTEM]
            host = (_PROC / "stat").read_bytes().split(b"\n", 1)[0].split()[1:]
        except OSError:
            return None
        return cls(
            at_ns=time.monotonic_ns(),
            network=_network(counts, _tracked(client / "net/stat/nf_conntrack")),
            client_cpu_s=_seconds(own),
            idle_s=_seconds(host[_IDLE]),
            host_s=_seconds(host[_ALL]),
        )


@dataclass(frozen=True, slots=True)
class HostActivity:
    """What happened between two readings; ``network`` is of the client's network namespace alone.

    ``client_core_share`` is the client's part of one core, ``idle_share`` the part of the whole host's CPU time that nothing
    used. The kernel counts both in steps of 10 ms for each CPU, so that they say little about less than a second.
    """

    seconds: float
    network: NetworkCounts
    client_core_share: float
    idle_share: float


def activity(before: HostCounters, after: HostCounters) -> HostActivity:
    """Return what happened from one reading to the next."""
    seconds, host_s = (after.at_ns - before.at_ns) / 1e9, after.host_s - before.host_s
    return HostActivity(
        seconds,
        after.network.since(before.network),
        (after.client_cpu_s - before.client_cpu_s) / seconds if seconds else 0.0,
        (after.idle_s - before.idle_s) / host_s if host_s else 1.0,
    )


def _network(tcp: Counter[str], tracked: Counter[str]) -> NetworkCounts:
    return NetworkCounts(
        segments_sent_again=tcp["RetransSegs"],
        syns_sent_again=tcp["TCPSynRetrans"],
        listen_drops=tcp["ListenDrops"],
        listen_overflows=tcp["ListenOverflows"],
        refused_by_time_wait=tcp["PAWSTimewait"],
        tracked_insert_failed=tracked["insert_failed"],
        tracked_dropped=tracked["drop"],
        tracked_early_dropped=tracked["early_drop"],
    )


def _named(path: Path, group: str) -> Counter[str]:
    """Read a group's counters: one line of names, one of numbers."""
    names, numbers = (line.split()[1:] for line in path.read_text(encoding="ascii").splitlines() if line.startswith(group))
    return Counter(dict(zip(names, map(int, numbers), strict=True)))


def _tracked(path: Path) -> Counter[str]:
    """Read connection tracking's counters, all CPUs together: a line of names, then one of hexadecimal numbers for each."""
    try:
        names, *cpus = (line.split() for line in path.read_text(encoding="ascii").splitlines())
    except OSError:
        return Counter()  # nothing is tracked, or it may not be read
    return sum((Counter(dict(zip(names, (int(n, 16) for n in cpu), strict=True))) for cpu in cpus), Counter())


def _seconds(ticks: list[bytes]) -> float:
    return sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")
