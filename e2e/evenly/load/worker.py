"""One of several processes that send a load together: its users make the attempts that it takes from a pipe they all share."""

import os
import signal
import time
from collections.abc import Sequence
from typing import Any

from gevent.lock import BoundedSemaphore
from gevent.socket import wait_read
from locust import events as locust_events
from locust.env import Environment
from locust.runners import WorkerRunner

from evenly.load.answer import Exchange
from evenly.load.attempts import Attempt
from evenly.load.ends import give_up
from evenly.load.ongoing import ongoing
from evenly.load.pipes import TICKET, Pipe, close_all_but, line_of
from evenly.load.plan import LoadPlan

_events: Any = locust_events  # Locust declares no types for its hooks


class Share:
    """This process's part of the attempts: as many as its users ask for, while there are some.

    ``tickets`` is the end to read from, and does not block; ``results`` takes a line for each attempt that has ended. When no
    more will come and all have ended it takes the CPU seconds that this process has used meanwhile, and is closed.
    """

    def __init__(self, plan: LoadPlan, tickets: int, results: int) -> None:
        self.run_id = plan.run_id
        self.host = plan.host
        self.dialect = plan.dialect
        self._plan = plan
        self._tickets = tickets
        self._results = results
        self._first_in_line = BoundedSemaphore()
        self._in_flight = 0
        self._closed = False
        self._cpu_before_s = time.process_time()

    def take(self, *, opens: bool = True) -> Attempt | None:  # noqa: ARG002 - a Source's; here each opens a connection
        """Return the next attempt, and wait for one if need be; None when none will come."""
        ticket = self._next_ticket()
        if not ticket:
            self._close_if_all_have_ended()
            return None
        self._in_flight += 1
        number, at_ns = TICKET.unpack(ticket)
        return Attempt(number, self._plan.source(number), at_ns)

    def ended(self, number: int, exchange: Exchange, *, more: bool = False) -> None:  # noqa: ARG002 - a Source's
        """Tell what became of an attempt."""
        os.write(self._results, line_of(number, exchange))
        self._in_flight -= 1

    def _next_ticket(self) -> bytes:
        while True:
            try:
                return os.read(self._tickets, TICKET.size)
            except BlockingIOError:
                with self._first_in_line:  # one ticket wakes one user of each worker, not all
                    wait_read(self._tickets)

    def _close_if_all_have_ended(self) -> None:
        if not self._in_flight and not self._closed:
            self._closed = True
            os.write(self._results, f"{time.process_time() - self._cpu_before_s}\n".encode())
            os.close(self._results)


def work(pipes: Sequence[Pipe], environment: Environment, runner: WorkerRunner) -> None:
    """Be one of several processes: which one, Locust has said when it connected this one."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the master has it, too, and stops the load
    tickets, results = pipes[0][0], pipes[1 + runner.worker_index][1]
    close_all_but({tickets, results}, pipes)

    def begin(**_: object) -> None:
        options: Any = environment.parsed_options  # with what the master has added to its own
        ongoing.source = Share(LoadPlan.from_line(options.evenly_plan), tickets, results)

    _events.test_start.add_listener(begin)
    _events.user_error.add_listener(lambda exception, **_: give_up(environment, exception))
