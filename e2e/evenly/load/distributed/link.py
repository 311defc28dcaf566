"""Between a master and one of its workers: a stream of attempts to be made, and back one of what became of them.

A worker that runs beside its master has two pipes, one in a pod a TCP connection: the kernel tells at once when the other side
has ended, whatever ended it. Times are of the monotonic clock, which both have in common, also where a
pod is the worker: kind's nodes are containers of the master's machine, on the same kernel.
"""

import json
import os
import socket
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import astuple
from struct import Struct
from typing import NamedTuple, Self

from gevent.lock import BoundedSemaphore
from gevent.socket import wait_read, wait_write

from evenly.load.answer import Answer, ErrorKind, Exchange
from evenly.load.attempts import Attempt
from evenly.load.host import NetworkCounts

TICKET = Struct("=qq")
"""An attempt's number, and when it is to start."""

READY = b"."
"""A worker listens to Locust's master, from whom it will hear of the load; nothing else is said before that."""

ASKED = b"\n"
"""A user is free for the first time. Later on it is whenever its attempt has ended, which is then not said again."""

PART = 16_384
"""Bytes that are read at once."""

CLOSED = -1
"""No file descriptor has this number."""


class Link:
    """One side's end, as file descriptors to read from and to write to, which are one and the same where it is a socket.

    Several greenlets may write, each write as a whole. It waits in gevent's hub.
    """

    def __init__(self, reads: int, writes: int) -> None:
        self._reads, self._writes = reads, writes
        self._is_socket = reads == writes
        for end in (reads, writes):
            os.set_blocking(end, False)
        self._writing = BoundedSemaphore()

    def read(self) -> bytes:
        """Return what has come, and wait for some if need be; nothing where no more will come."""
        while True:
            try:
                return os.read(self._reads, PART)
            except BlockingIOError:
                wait_read(self._reads)
            except OSError:  # it was reset, or timed out
                return b""

    def lines(self) -> Iterator[list[bytes]]:
        """Yield the whole lines that have come, as they come, until no more will."""
        return whole_lines(iter(self.read, b""))

    def write(self, said: bytes) -> None:
        """Send it all; raises OSError where the other side has ended, or this one has finished."""
        with self._writing:
            while said:
                try:
                    said = said[os.write(self._writes, said) :]
                except BlockingIOError:
                    wait_write(self._writes)

    def finish(self) -> None:
        """Say that nothing more will be written."""
        if self._is_socket:
            with suppress(OSError), socket.socket(fileno=os.dup(self._reads)) as end:  # the other side may have ended
                end.shutdown(socket.SHUT_WR)
        elif self._writes != CLOSED:
            os.close(self._writes)
        self._writes = CLOSED

    def close(self) -> None:
        """Close this end."""
        self.finish()
        os.close(self._reads)
        self._reads = CLOSED


Ends = tuple[int, int]
"""What a link is made of: file descriptors to read from and to write to."""


def pairs(workers: str) -> tuple[tuple[Ends, Ends], ...]:
    """Make so many links of pipes, the master's ends and the worker's, before workers are forked: each process gets all.

    Measured, giving out an attempt and taking it back costs 17 us of CPU by pipes, 20 by socket pairs.
    """
    return tuple(_pair() for _ in range(int(workers)))


def _pair() -> tuple[Ends, Ends]:
    (to_master, from_worker), (to_worker, from_master) = os.pipe(), os.pipe()
    return (to_master, from_master), (to_worker, from_worker)


def tickets(attempts: Iterable[Attempt]) -> bytes:
    """Write attempts as their tickets."""
    return b"".join(TICKET.pack(attempt.number, attempt.at_ns) for attempt in attempts)


def line_of(number: int, exchange: Exchange) -> bytes:
    """Write what became of an attempt as a line of JSON."""
    answer, error = exchange.answer, exchange.error
    said = answer and (answer.pod, answer.uid, answer.node, answer.connection, answer.request, answer.client)
    return json.dumps((number, exchange.start_ns, exchange.end_ns, exchange.connect_us, said, error)).encode() + b"\n"


def read_line(line: bytes) -> tuple[int, Exchange]:
    """Read what ``line_of`` wrote."""
    number, start_ns, end_ns, connect_us, said, error = json.loads(line)
    return number, Exchange(start_ns, end_ns, connect_us, said and Answer(*said), error and ErrorKind(error))


class Farewell(NamedTuple):
    """A worker's last word: the CPU seconds that it has used, and what went wrong in its network, if that is its own."""

    cpu_s: float
    network: NetworkCounts | None = None

    def to_line(self) -> bytes:
        """Write it as a line of JSON, which is told from what became of an attempt by its first letter."""
        return json.dumps({"cpu_s": self.cpu_s, "network": self.network and astuple(self.network)}).encode() + b"\n"

    @classmethod
    def of(cls, line: bytes) -> Self:
        """Read what ``to_line`` wrote."""
        said = json.loads(line)
        return cls(said["cpu_s"], said["network"] and NetworkCounts(*said["network"]))


def whole_lines(parts: Iterable[bytes]) -> Iterator[list[bytes]]:
    """Yield the lines that each part completes; what has no end when the parts have is left out."""
    rest = b""
    for part in parts:
        *lines, rest = (rest + part).split(b"\n")
        yield lines
