"""The process that has a load sent by others: it gives out the attempts, and judges what they bring back in order of start."""

import os
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import gevent
from gevent.event import Event
from gevent.socket import wait_read
from locust import events as locust_events
from locust.runners import MasterRunner

from evenly.load.attempts import Attempts
from evenly.load.pipes import PART, TICKET, Pipe, close_all_but, read_line, tickets, whole_lines
from evenly.load.plan import LoadPlan, Stopped
from evenly.load.rows import RowWriter

AHEAD = 200
"""Attempts that lie ready, so that no worker waits for the master: some 10 ms of them. Its decision takes them back."""

CONNECT_LIMIT_S = 30.0
"""How long workers may take to start."""

Failed = Callable[[BaseException], None]

_events: Any = locust_events  # Locust declares no types for its hooks


class Master:
    """Has workers make the attempts; ``done`` is set when all of them have ended theirs.

    A worker that ends before it has said so, whatever ended it, stops the load; what it had is then without a row.
    ``workers_cpu_s`` is what each of the others used of the CPU. Making one waits until all have connected.
    """

    def __init__(self, pipes: Sequence[Pipe], runner: MasterRunner, options: Any) -> None:  # noqa: ANN401 - argparse's
        (self._to_take, self._to_give), *results = pipes
        self._results = [to_read for to_read, _ in results]
        close_all_but({self._to_take, self._to_give, *self._results}, pipes)
        self.workers = self._working = len(results)
        self.workers_cpu_s: list[float] = []
        self.done = Event()
        self._runner: Any = runner
        self._options = options
        self._most = 1  # until the prelude is over
        self._open = True
        _await_workers(runner, self.workers)

    def begin(self, plan: LoadPlan, writer: RowWriter, failed: Failed) -> Attempts:
        """Let the workers begin; ``failed`` is called with an error of this process's own."""
        self._options.evenly_plan = plan.to_line()  # Locust gives them its options before their users begin
        self._attempts = Attempts(plan, writer, lambda: None, self._let_all_in, self._withdraw)
        self._give_out()
        for end in self._results:
            gevent.spawn(self._listen, end).link_exception(lambda ended: failed(ended.exception))
        return self._attempts

    def end(self) -> None:
        """See to it that Locust, which says farewell three times and waits each time, does so once."""
        say_farewell = self._runner.quit

        def once() -> None:
            self._runner.quit = lambda: None
            say_farewell()

        self._runner.quit = once

    def _let_all_in(self) -> None:
        self._most = self._options.num_users + AHEAD

    def _withdraw(self) -> int:
        count = 0
        try:
            while taken := os.read(self._to_take, PART):
                count += len(taken) // TICKET.size
        except BlockingIOError:
            pass
        self._close_if_stopped()
        return count

    def _listen(self, end: int) -> None:
        cpu_s = None
        for lines in whole_lines(_parts(end)):
            for line in lines:
                if line.startswith(b"["):
                    self._attempts.ended(*read_line(line))
                else:
                    cpu_s = float(line)
            self._give_out()
        os.close(end)
        if cpu_s is None:
            self._attempts.stop(Stopped.WORKER_LOST)
        else:
            self.workers_cpu_s.append(cpu_s)
        self._working -= 1
        if not self._working:
            self.done.set()

    def _give_out(self) -> None:
        given = []
        while self._attempts.in_flight < self._most and (attempt := self._attempts.take()):
            given.append(attempt)
        if given:
            os.write(self._to_give, tickets(given))
        self._close_if_stopped()

    def _close_if_stopped(self) -> None:
        if self._attempts.stopped and self._open:
            self._open = False
            os.close(self._to_give)


def _await_workers(runner: MasterRunner, count: int) -> None:
    """Wait until all have connected: Locust itself would look once a second."""
    connected = Event()
    _events.worker_connect.add_listener(lambda **_: connected.set())
    with gevent.Timeout(CONNECT_LIMIT_S, SystemExit(f"not all of {count} workers have started within {CONNECT_LIMIT_S:g} s")):
        while len(runner.clients.ready) < count:
            connected.wait()
            connected.clear()


def _parts(end: int) -> Iterator[bytes]:
    while True:
        wait_read(end)
        part = os.read(end, PART)
        if not part:
            return
        yield part
