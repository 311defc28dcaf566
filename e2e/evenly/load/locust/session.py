"""The load of this process: where its users get their attempts, when they may begin, and with which exit code it ends."""

import os
import time
import traceback
from dataclasses import dataclass
from typing import Any, Protocol

import gevent
from gevent.event import Event
from locust import events as locust_events
from locust.env import Environment
from locust.exception import StopUser

from evenly.load.answer import Exchange
from evenly.load.attempts import Attempt
from evenly.load.identify import Dialect, EvenlyBackend
from evenly.load.locust.stats import PodStats
from evenly.load.plan import EXIT_CODE_CRASHED, EXIT_CODE_UNWRITTEN

_events: Any = locust_events  # Locust declares no types for its hooks


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


class Unplanned:
    """Attempts without a plan: as many as Locust has time for, and nothing is kept."""

    run_id = "unplanned"
    host = ""
    dialect: Dialect = EvenlyBackend()

    def __init__(self) -> None:
        self._handed_out = 0

    def take(self, *, opens: bool = True) -> Attempt | None:  # noqa: ARG002 - a Source's
        """Return an attempt with the next number."""
        self._handed_out += 1
        return Attempt(self._handed_out)

    def ended(self, number: int, exchange: Exchange, *, more: bool = False) -> None:
        """Forget the attempt."""


class StartBarrier:
    """Lets one user begin at once, and the others when it is opened."""

    def __init__(self) -> None:
        self.open = Event()
        self._taken = False

    def wait(self) -> None:
        """Return when this user may begin."""
        first, self._taken = not self._taken, True
        if not first:
            self.open.wait()


@dataclass(slots=True)
class Ongoing:
    """The load of this process.

    ``in_order`` says that its users are evenly's own, who wait at the barrier for the prelude to end, and whose exceptions are
    evenly's faults.
    """

    source: Source
    stats: PodStats
    barrier: StartBarrier | None = None
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


ongoing = Ongoing(Unplanned(), PodStats())


def give_up(environment: Environment, error: BaseException) -> None:
    """End the process at once for what is no fault of the Service's: a disk that is full, or an error of evenly's own."""
    ongoing.exit_code = code = exit_code(error)
    if code > EXIT_CODE_UNWRITTEN:
        os._exit(code)  # in good order, Locust would fail to write its own report, and end with the code of that
    traceback.print_exception(error)
    if environment.runner:
        gevent.spawn(environment.runner.quit)


def exit_code(error: BaseException) -> int:
    """Tell a disk that cannot be written from a crash: attempts raise no OSError of their own, whatever the network does."""
    return EXIT_CODE_UNWRITTEN + error.errno if isinstance(error, OSError) and error.errno else EXIT_CODE_CRASHED


def _keep_exit_code(environment: Environment, **_: object) -> None:
    if ongoing.exit_code is not None:
        environment.process_exit_code = ongoing.exit_code


# Somebody's locustfile may make an exit code of the share of failures; of these listeners the first one is called last.
_events.quitting.add_listener(_keep_exit_code)
