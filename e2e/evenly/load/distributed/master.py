"""The process that has a load sent by others, which connect to it before the load begins."""

import os
import socket
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from typing import Any

import gevent
from locust import events as locust_events
from locust.runners import MasterRunner

from evenly.load.attempts import Attempts
from evenly.load.distributed.link import READY, Ends, Link
from evenly.load.distributed.meeting import Meeting, keep_alive
from evenly.load.distributed.shares import AHEAD, Failed, Shares
from evenly.load.plan import LoadPlan
from evenly.load.rows import RowWriter

CONNECT_LIMIT_S = 30.0
"""How long workers may take to start."""

HELLO_BYTES = 64
HELLO_LIMIT_S = 5.0
"""A worker says whose it is as soon as it has connected."""

_events: Any = locust_events  # Locust declares no types for its hooks


class Master:
    """Has workers make the attempts; ``done`` is set when all of them have ended theirs.

    ``farewells`` are what each of them has said at last, but for those that were lost. Making one waits until all listen.
    """

    def __init__(self, links: Sequence[Link], runner: MasterRunner, options: Any) -> None:  # noqa: ANN401 - argparse's
        self.workers = len(links)
        self._shares = Shares(links)
        self.farewells = self._shares.farewells
        self.done = self._shares.done
        self._runner: Any = runner
        self._options = options
        _await_workers(links)

    def begin(self, plan: LoadPlan, writer: RowWriter, failed: Failed) -> Attempts:
        """Let the workers begin; ``failed`` is called with an error of this process's own."""
        self._options.evenly_plan = plan.to_line()  # Locust gives them its options before their users begin
        let_all_in = partial(self._shares.let_all_in, ahead=0 if plan.rate_per_s else AHEAD)
        attempts = Attempts(plan, writer, lambda: None, let_all_in)
        self._shares.begin(attempts, failed)
        return attempts

    def end(self) -> None:
        """See to it that Locust, which says farewell three times and waits each time, does so once."""
        say_farewell = self._runner.quit

        def once() -> None:
            self._runner.quit = lambda: None
            say_farewell()

        self._runner.quit = once


def forked(pairs: Sequence[tuple[Ends, Ends]]) -> tuple[Link, ...]:
    """Return the master's ends of all pairs, and close the workers'."""
    for end in {end for _, workers in pairs for end in workers}:
        os.close(end)
    return tuple(Link(*own) for own, _ in pairs)


def met(meeting: Meeting, workers: int) -> tuple[Link, ...]:
    """Wait until so many workers have come to the meeting, for as long as somebody wants the load; nobody else is let in."""
    links: list[Link] = []
    with socket.create_server((meeting.address, meeting.port)) as door:
        while len(links) < workers:
            visitor, _ = door.accept()
            visitor.settimeout(HELLO_LIMIT_S)
            with suppress(OSError):
                if visitor.recv(HELLO_BYTES) == f"{meeting.word}\n".encode():
                    keep_alive(visitor)
                    links.append(Link(*[visitor.detach()] * 2))
                    continue
            visitor.close()
    return tuple(links)


def _await_workers(links: Sequence[Link]) -> None:
    """Wait until all listen: one that has connected to Locust's master may not yet, and its users would load without a plan."""
    late = SystemExit(f"not all of {len(links)} workers have started within {CONNECT_LIMIT_S:g} s")
    with gevent.Timeout(CONNECT_LIMIT_S, late):
        for link in links:
            if link.read() != READY:
                raise SystemExit(f"one of {len(links)} workers has ended before the load began")
