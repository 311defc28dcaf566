"""Arrivals at a constant rate: when each attempt is meant to start, and which rate a machine bears for as long as one likes."""

import math
from dataclasses import dataclass

NS_PER_S = 1_000_000_000

LONGEST_LATE_S = 11.0
"""As long as one attempt may take (its limits for connect and response): by then a client is free for the next one."""

TIME_WAIT_S = 60.0
"""How long whoever closes first keeps a connection's ports; a constant of Linux (TCP_TIMEWAIT_LEN)."""

TRACKED_STAY_S = 120.0
"""How long connection tracking keeps a connection that has ended (nf_conntrack_tcp_timeout_time_wait, as Linux sets it)."""

TRACKED_SWEEP_S = 60.0
"""How long an entry may go on counting when its time is over, until the kernel sweeps it out (GC_SCAN_INTERVAL_MAX in Linux).

Measured: with a stay of 6 s and room for 2,000, one entry a connection, 40 connections a second filled the table.
"""


@dataclass(frozen=True, slots=True)
class Pace:
    """A constant rate of arrivals from a first start on; times are nanoseconds of the monotonic clock.

    Each attempt has its intended start, whatever became of those before it, so rounding and delays never add up. A latency
    that counts from there holds what an attempt waited for a free client too (no coordinated omission). After a stall the
    attempts that were missed start at once, in order, and keep their intended starts; later ones are on time again.
    Until any moment no more have started than were intended.
    """

    first_ns: int
    per_s: float

    def intended_ns(self, number: int) -> int:
        """Return when the attempt with this number, from 1 on, is meant to start."""
        return self.first_ns + round((number - 1) * NS_PER_S / self.per_s)

    def wait_s(self, number: int, now_ns: int) -> float:
        """Return how long to wait before this attempt starts; 0 when it is late."""
        return max(0, self.intended_ns(number) - now_ns) / NS_PER_S


def sustainable_per_s(*, ports: int | None = None, tracked: int | None = None, tracked_stay_s: float = TRACKED_STAY_S) -> float:
    """Return the largest rate that these bear for as long as one likes; infinity when nothing limits it.

    Both are how many connections that have ended there is room for: ``ports`` for those whose ports stay here, None where the
    server closes first and keeps them; ``tracked`` in connection tracking, None where that is unknown or nothing is tracked.
    Connections under way are not counted. Little's law: what is in use = rate * stay. The stay is taken as `LONGEST_LATE_S`
    longer, because what a stall held up comes at once after it, close behind what came before; who is later still takes more.
    """
    rates = [
        max(0, room) / (stay_s + LONGEST_LATE_S)
        for room, stay_s in ((ports, TIME_WAIT_S), (tracked, tracked_stay_s + TRACKED_SWEEP_S))
        if room is not None
    ]
    return min(rates, default=math.inf)
