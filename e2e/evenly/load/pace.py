"""Arrivals at a constant rate: when each attempt is meant to start, and which rate can be kept up for as long as one likes."""

from dataclasses import dataclass

NS_PER_S = 1_000_000_000

LONGEST_LATE_S = 11.0
"""As long as one attempt may take (its limits for connect and response): by then a client is free for the next one."""


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


def sustainable_per_s(room: int, stay_s: float) -> float:
    """Return the largest rate that ``room`` for connections that have ended bears for as long as one likes.

    Each takes its place for ``stay_s``; connections under way are not counted. Little's law: what is in use = rate * stay. The
    stay is taken as `LONGEST_LATE_S` longer, because what a stall held up comes at once after it, close behind what came
    before; who is later still takes more.
    """
    return max(0, room) / (stay_s + LONGEST_LATE_S)
