"""Attempts that are shared out among workers: the master's side, and each worker's share, as its users see it."""

import os
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress

import gevent
from gevent.event import Event
from gevent.lock import BoundedSemaphore

from evenly.load.answer import Exchange
from evenly.load.attempts import Attempt, Attempts
from evenly.load.distributed.link import ASKED, TICKET, Farewell, Link, line_of, read_line, tickets
from evenly.load.host import HostCounters
from evenly.load.plan import LoadPlan, Stopped

AHEAD = 20
"""Attempts that each worker has before its users ask for them, so that none waits for the master: some 5 ms of them."""

Failed = Callable[[BaseException], None]


class Shares:
    """Gives attempts out to workers; ``done`` is set when all of these have ended.

    Attempts go to workers that have users free, but for a few that lie ahead: so their numbers are in their order of start,
    within a few ms, and none has to be taken back when the load is decided: those few are made, as those under way are ended. A
    worker that ends without a farewell, whatever ended it, stops the load; what it had is then without a row.
    """

    def __init__(self, links: Sequence[Link]) -> None:
        self.farewells: list[Farewell] = []
        self.done = Event()
        self._links = list(links)
        self._free: deque[Link] = deque()  # for each user that waits for an attempt, its worker's
        self._one_at_a_time = True
        self._open = True

    def begin(self, attempts: Attempts, failed: Failed) -> None:
        """Give out these, as workers ask for them; ``failed`` is called with an error of this process's own."""
        self._attempts = attempts
        for link in self._links:
            gevent.spawn(self._listen, link).link_exception(lambda ended: failed(ended.exception))

    def let_all_in(self, ahead: int) -> None:
        """Give out as many at a time as there are users, and so many ahead to each worker; one at a time until then."""
        self._one_at_a_time = False
        self._free.extend(self._links * ahead)

    def _listen(self, link: Link) -> None:
        farewell = None
        for lines in link.lines():
            for line in lines:
                if line.startswith(b"["):
                    self._attempts.ended(*read_line(line))
                if line.startswith(b"{"):
                    farewell = Farewell.of(line)
                else:
                    self._free.append(link)
            self._give_out()
        self._links.remove(link)
        self._free = deque(other for other in self._free if other is not link)
        link.close()
        if farewell:
            self.farewells.append(farewell)
        else:
            self._attempts.stop(Stopped.WORKER_LOST)
            self._close_if_stopped()
        if not self._links:
            self.done.set()

    def _give_out(self) -> None:
        given: dict[Link, list[Attempt]] = {}
        while self._free and not (self._one_at_a_time and self._attempts.in_flight) and (attempt := self._attempts.take()):
            given.setdefault(self._free.popleft(), []).append(attempt)
        for link, attempts in given.items():
            with suppress(OSError):  # that worker is lost, which is noticed where it is listened to
                link.write(tickets(attempts))
        self._close_if_stopped()

    def _close_if_stopped(self) -> None:
        if self._attempts.stopped and self._open:
            self._open = False
            for link in self._links:
                link.finish()


class Share:
    """This process's part of the attempts: as many as its users ask for, while there are some.

    Through ``link`` it says when a user is free and what became of each attempt, and at last, when no more will come and all
    have ended, what this process has used of the CPU; also what went wrong in its network, if that is its ``own_network``.
    """

    def __init__(self, plan: LoadPlan, link: Link, *, own_network: bool = False) -> None:
        self.run_id = plan.run_id
        self.host = plan.host
        self.dialect = plan.dialect
        self._plan = plan
        self._link = link
        self._first_in_line = BoundedSemaphore()
        self._given: deque[tuple[int, int]] = deque()
        self._cut_off = b""  # the beginning of a ticket whose end has not come
        self._no_more = False
        self._said_free = 0  # users who have ended an attempt, and not asked for another yet
        self._in_flight = 0
        self._closed = False
        self._cpu_before_s = time.process_time()
        self._before = HostCounters.read(os.getpid()) if own_network else None

    def take(self, *, opens: bool = True) -> Attempt | None:  # noqa: ARG002 - a Source's; here each opens a connection
        """Return the next attempt, and wait for one if need be; None when none will come."""
        if self._said_free:
            self._said_free -= 1
        elif not self._no_more:
            self._link.write(ASKED)
        if not self._await_ticket():
            self._close_if_all_have_ended()
            return None
        self._in_flight += 1
        number, at_ns = self._given.popleft()
        return Attempt(number, self._plan.source(number), at_ns)

    def ended(self, number: int, exchange: Exchange, *, more: bool = False) -> None:  # noqa: ARG002 - a Source's
        """Tell what became of an attempt."""
        self._said_free += 1
        self._link.write(line_of(number, exchange))
        self._in_flight -= 1

    def _await_ticket(self) -> bool:
        while not self._given and not self._no_more:
            with self._first_in_line:  # one reads for all
                if not self._given and not self._no_more:
                    self._read()
        return bool(self._given)

    def _read(self) -> None:
        part = self._link.read()
        self._no_more = not part
        have = self._cut_off + part
        whole = len(have) - len(have) % TICKET.size
        self._cut_off = have[whole:]
        self._given.extend(TICKET.iter_unpack(have[:whole]))

    def _close_if_all_have_ended(self) -> None:
        if not self._in_flight and not self._closed:
            self._closed = True
            cpu_s, after = time.process_time() - self._cpu_before_s, self._before and HostCounters.read(os.getpid())
            network = after.network.since(self._before.network) if self._before and after else None
            self._link.write(Farewell(cpu_s, network).to_line())
            self._link.finish()
