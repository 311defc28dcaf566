"""Between a master and its workers: a pipe that holds attempts to be made, and one from each worker with what became of them.

The kernel keeps what is in a pipe, whoever dies: an attempt is either still there, to be taken by another worker or taken back,
or exactly one worker has it. And it tells when a worker has ended, at once.
"""

import json
import os
from collections.abc import Collection, Iterable, Iterator
from struct import Struct

from evenly.load.answer import Answer, ErrorKind, Exchange
from evenly.load.attempts import Attempt

Pipe = tuple[int, int]
"""The ends to read from and to write to: file descriptors."""

TICKET = Struct("=qq")
"""An attempt's number, and when it is to start. All are of one size, which divides a page: so none is ever read in part."""

PART = 65_536
"""Bytes that are read at once: all that a pipe holds, as Linux makes it."""


def open_pipes(workers: str) -> tuple[Pipe, ...]:
    """Make the pipe of tickets and then one for each worker, before they are forked: each process gets all of them."""
    pipes = tuple(os.pipe() for _ in range(1 + int(workers)))
    os.set_blocking(pipes[0][0], False)  # one of several who read it
    return pipes


def close_all_but(kept: Collection[int], pipes: Iterable[Pipe]) -> None:
    """Close the ends that are others': a pipe ends for its reader when all who could write have closed it."""
    for end in {end for pipe in pipes for end in pipe}.difference(kept):
        os.close(end)


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


def whole_lines(parts: Iterable[bytes]) -> Iterator[list[bytes]]:
    """Yield the lines that each part completes; what has no end when the parts have is left out."""
    rest = b""
    for part in parts:
        *lines, rest = (rest + part).split(b"\n")
        yield lines
