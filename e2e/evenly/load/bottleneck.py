"""What a host's counters say about a load: whether the client, the host or its network held it up, and not the Service."""

import os
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import reduce
from operator import add

from evenly.load.host import HostActivity, HostCounters, NetworkCounts, activity

BUSY_CORE_SHARE = 0.95
"""A process of the load is one thread. In the simplest queue (M/M/1) work that fills 95 % of a server waits 19 times as long as
it takes."""

BUSY_HOST_IDLE_SHARE = 0.02
"""Less than one tick of 10 ms in each half second. A full host slows both sides, but a good load on few cores fills it too."""


class Found(StrEnum):
    """What can have held a load up."""

    CLIENT_BUSY = "the client was the bottleneck"
    HOST_BUSY = "the host was the bottleneck"
    SYNS_LOST = "first packets were lost and sent again"
    TIME_WAIT = "connections were refused by earlier ones' TIME_WAIT"
    LISTEN_QUEUE_FULL = "a listen queue was full"
    TRACKING_FULL = "the connection tracking table was full"
    TRACKING_CLASHED = "connections clashed in connection tracking"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was found, in a sentence, and what to do about it; ``only_informs`` where nothing need be done."""

    what: Found
    sentence: str
    remedy: str
    only_informs: bool = False


def findings(seen: HostActivity) -> tuple[Finding, ...]:
    """Say what a host's activity shows, the client's own part first.

    A count is named from 1 on: on one machine none of these happens without a reason.
    """
    return tuple(_findings(seen))


def found_since(
    before: HostCounters | None, workers_cpu_s: Collection[float] = (), elsewhere: Sequence[NetworkCounts] = ()
) -> tuple[str, ...]:
    """Say what has held this process's load up since a reading, with the remedies; nothing where the kernel does not count.

    ``workers_cpu_s`` is what each of the processes that share the load with this one has used of the CPU, ``elsewhere`` what
    went wrong in the networks of those that have another than this one: what they sent went through these.
    """
    after = HostCounters.read(os.getpid())
    if not before or not after:
        return ()
    seen = activity(before, after)
    busiest_share = max((seen.client_core_share, *(cpu_s / seen.seconds for cpu_s in workers_cpu_s)))
    network = reduce(add, elsewhere) if elsewhere else seen.network
    seen = replace(seen, client_core_share=busiest_share, network=network)
    return tuple(f"{one.sentence} To do: {one.remedy}." for one in findings(seen) if not one.only_informs)


def _findings(seen: HostActivity) -> Iterator[Finding]:
    if seen.client_core_share > BUSY_CORE_SHARE:
        yield Finding(
            Found.CLIENT_BUSY,
            f"The client was the bottleneck: its process used {seen.client_core_share:.0%} of a core.",
            "read rate and latencies as the client's, not the Service's; for the Service's use a constant rate below this one, "
            "or more workers",
        )
    if seen.idle_share < BUSY_HOST_IDLE_SHARE:
        yield Finding(
            Found.HOST_BUSY,
            f"The host was the bottleneck: {seen.idle_share:.1%} of its CPU time was idle.",
            "nothing for the verdict; for latencies that mean something leave the machine to the load, or lower its rate",
            only_informs=True,
        )
    net = seen.network
    full = net.tracked_early_dropped + max(0, net.tracked_dropped - net.tracked_insert_failed)
    for what, count, remedy in (
        (
            Found.SYNS_LOST,
            net.syns_sent_again,
            "each waited for 1 s or more; see what else was found here, and the same counters in the pods and nodes",
        ),
        (
            Found.TIME_WAIT,
            net.refused_by_time_wait,
            "let the pods keep none (the sysctl net.ipv4.tcp_max_tw_buckets=0), or pace the load",
        ),
        (
            Found.LISTEN_QUEUE_FULL,
            max(net.listen_drops, net.listen_overflows),
            "use fewer clients, or raise the server's backlog and net.core.somaxconn",
        ),
        (
            Found.TRACKING_FULL,
            full,
            "pace the load, or enlarge the table: sysctl -w net.netfilter.nf_conntrack_max=1048576",
        ),
        (
            Found.TRACKING_CLASHED,
            net.tracked_insert_failed,
            'use fewer clients, or widen the range of ports: sysctl -w net.ipv4.ip_local_port_range="15000 60999"',
        ),
    ):
        if count:
            yield Finding(what, f"In the client's network namespace, {what}: {count:,}.", remedy)
