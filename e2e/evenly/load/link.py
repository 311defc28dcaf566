"""Between a master and one of its workers: a stream of attempts to be made, and back one of what became of them.

A worker that runs beside its master has one end of a socket pair, one in a pod a TCP connection: the kernel tells of both at
once when the other side has ended, whatever ended it. Times are of the monotonic clock, which both have in common, also where a
pod is the worker: kind's nodes are containers of the master's machine, on the same kernel.
"""

import json
import socket
from _socket import socket as RawSocket  # noqa: N812 - a class; gevent replaces the one in the module socket
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


class Link:
    """One side's end, by its file descriptor; several greenlets may write, each write as a whole. It waits in gevent's hub."""

    def __init__(self, descriptor: int) -> None:
        self._socket = RawSocket(fileno=descriptor)
        self._socket.settimeout(0)
        self._writing = BoundedSemaphore()

    def read(self) -> bytes:
        """Return what has come, and wait for some if need be; nothing where no more will come."""
        while True:
            try:
                return self._socket.recv(PART)
            except BlockingIOError:
                wait_read(self._socket.fileno())
            except OSError:  # it was reset, or timed out
                return b""

    def lines(self) -> Iterator[list[bytes]]:
        """Yield the whole lines that have come, as they come, until no more will."""
        return whole_lines(iter(self.read, b""))

    def write(self, said: bytes) -> None:
        """Send it all; raises OSError where the other side has ended."""
        with self._writing:
            while said:
                try:
                    said = said[self._socket.send(said) :]
                except BlockingIOError:
                    wait_write(self._socket.fileno())

    def finish(self) -> None:
        """Say that nothing more will be written."""
        with suppress(OSError):  # the other side has ended
            self._socket.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """Close this end."""
        self._socket.close()


def pairs(workers: str) -> tuple[tuple[int, int], ...]:
    """Make as many socket pairs, the master's end first, before workers are forked: each process gets all of them."""
    both = (socket.socketpair() for _ in range(int(workers)))
    return tuple((master.detach(), worker.detach()) for master, worker in both)


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
