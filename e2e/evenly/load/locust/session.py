"""The load of this process, as its users see it: where they get their attempts, and when they may begin."""

import time
from dataclasses import dataclass
from typing import Protocol

import gevent
from gevent.event import Event
from locust.exception import StopUser

from evenly.load.answer import Exchange
from evenly.load.attempts import Attempt
from evenly.load.identify import Dialect, Ours
from evenly.load.locust.stats import PodStats


class Source(Protocol):
    """Where users get the numbers of their attempts, and bring back what came of them.

    ``host`` is what their requests' Host header says, "" for where they go; ``dialect`` how these are worded.
    """

    run_id: str
    host: str
    dialect: Dialect

    def take(self, *, opens: bool = True) -> Attempt | None:
        """Return the next attempt; None when there is none left.

        Unless ``opens``, it goes over a connection whose last attempt ended with ``more``.
        """

    def ended(self, number: int, exchange: Exchange, *, more: bool = False) -> None:
        """Take back an attempt that has ended; with ``more`` its connection is to carry another."""


class Endless:
    """Attempts without a plan: as many as Locust has time for, and nothing is kept."""

    run_id = "unplanned"
    host = ""
    dialect: Dialect = Ours()

    def __init__(self) -> None:
        self._handed_out = 0

    def take(self, *, opens: bool = True) -> Attempt | None:  # noqa: ARG002 - a Source's
        """Return an attempt with the next number."""
        self._handed_out += 1
        return Attempt(self._handed_out)

    def ended(self, number: int, exchange: Exchange, *, more: bool = False) -> None:
        """Forget the attempt."""


class Entrance:
    """Lets one user in at once, and the others when it is opened."""

    def __init__(self) -> None:
        self.open = Event()
        self._taken = False

    def enter(self) -> None:
        """Return when this user may begin."""
        first, self._taken = not self._taken, True
        if not first:
            self.open.wait()


@dataclass(slots=True)
class Ongoing:
    """The load of this process.

    ``in_order`` says that its users are evenly's own, who wait at the entrance for the prelude to end, and whose exceptions are
    evenly's faults.
    """

    source: Source
    stats: PodStats
    entrance: Entrance | None = None
    in_order: bool = True
    exit_code: int | None = None

    def take(self, *, opens: bool = True) -> Attempt:
        """Return the next attempt when it is due; the user's life ends when none is left."""
        attempt = self.source.take(opens=opens)
        if attempt is None:
            gevent.sleep(0)  # a task that catches everything, and asks again, must not keep the others from ending
            raise StopUser
        if attempt.at_ns:
            gevent.sleep(max(0.0, (attempt.at_ns - time.monotonic_ns()) / 1e9))
        return attempt


ongoing = Ongoing(Endless(), PodStats())
