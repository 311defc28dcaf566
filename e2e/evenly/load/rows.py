"""The client's ledger on disk: one CSV row for each attempt, in the order in which they started."""

import csv
from collections.abc import Callable
from dataclasses import dataclass, fields
from io import StringIO
from operator import attrgetter
from pathlib import Path
from typing import Self, TextIO

from evenly.load.answer import ErrorKind, Exchange


@dataclass(frozen=True, slots=True)
class Row:
    """One attempt: its number by start, its times since the first one's start, and its answer or its kind of error.

    ``connect_us`` is None without a connection. ``response_us`` is from connected to the last byte; it is None, and what the
    answer would have said is "" or 0, when there is an error.
    """

    number: int
    start_us: int
    connect_us: int | None
    response_us: int | None
    pod: str
    uid: str
    node: str
    connection: int
    request: int
    client: str
    error: ErrorKind | None

    @classmethod
    def of(cls, number: int, exchange: Exchange, origin_ns: int) -> Self:
        """Make the row of an attempt; ``origin_ns`` is when the first one started."""
        start_us = (exchange.start_ns - origin_ns) // 1000
        times = (number, start_us, exchange.connect_us, exchange.response_us)
        answer = exchange.answer
        if answer is None:
            return cls(*times, "", "", "", 0, 0, "", exchange.error)
        return cls(*times, answer.pod, answer.uid, answer.node, answer.connection, answer.request, answer.client, None)


HEADER = tuple(field.name for field in fields(Row))

cells: Callable[[Row], tuple[str | int | None, ...]] = attrgetter(*HEADER)
"""A row's fields in the order of the header, as CSV takes them: None becomes an empty cell."""


class RowWriter:
    """Takes attempts as they end and writes them in order of start; what is complete up to a look is on disk at once.

    So a load that is killed leaves what it had looked at.
    """

    def __init__(self, file: TextIO, flush_every: int) -> None:
        self.origin_ns = 0
        self._file = file
        self._csv = csv.writer(file, lineterminator="\n")
        self._csv.writerow(HEADER)
        self._flush_every = flush_every
        self._next = 1
        self._waiting: dict[int, Exchange] = {}

    def ended(self, number: int, exchange: Exchange) -> None:
        """Take an attempt; each number from 1 on comes once, in any order."""
        self._waiting[number] = exchange
        while (ready := self._waiting.pop(self._next, None)) is not None:
            if self._next == 1:
                self.origin_ns = ready.start_ns
            self._csv.writerow(cells(Row.of(self._next, ready, self.origin_ns)))
            if self._next % self._flush_every == 0:
                self._file.flush()
            self._next += 1


def read_rows(path: Path) -> tuple[Row, ...]:
    """Read a ledger; a last row that was cut off in the middle, when the load was killed, is left out."""
    text = path.read_bytes()
    records = csv.reader(StringIO(text[: text.rfind(b"\n") + 1].decode(), newline=""))
    next(records, None)
    return tuple(_row(*cells) for cells in records)


def _row(  # noqa: PLR0913, PLR0917 - one for each column
    number: str,
    start_us: str,
    connect_us: str,
    response_us: str,
    pod: str,
    uid: str,
    node: str,
    connection: str,
    request: str,
    client: str,
    error: str,
) -> Row:
    return Row(
        int(number),
        int(start_us),
        int(connect_us) if connect_us else None,
        int(response_us) if response_us else None,
        pod,
        uid,
        node,
        int(connection),
        int(request),
        client,
        ErrorKind(error) if error else None,
    )
