"""The client's ledger on disk: one CSV row for each attempt, in the order in which they started."""

import csv
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import NamedTuple, Self, TextIO

from evenly.load.answer import Answer, ErrorKind, Exchange


class Row(NamedTuple):
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
        said = exchange.answer or _NOTHING_SAID
        return cls(number, start_us, exchange.connect_us, exchange.response_us, *said, exchange.error)


HEADER = Row._fields

_NOTHING_SAID = Answer("", "", "", 0, 0, "")


class RowWriter:
    """Takes attempts as they end and writes them in order of start; what is complete up to a look is on disk at once.

    So a load that is killed leaves what it had looked at. ``begun`` is called with the start of the first attempt, from
    which all times count, before any row is written.
    """

    def __init__(self, file: TextIO, flush_every: int, begun: Callable[[int], object] = lambda _: None) -> None:
        self.origin_ns = 0
        self._begun = begun
        self._file = file
        self._csv = csv.writer(file, lineterminator="\n")
        self._csv.writerow(HEADER)
        self._flush_every = flush_every
        self._next = 1
        self._waiting: dict[int, Exchange] = {}

    def ended(self, number: int, exchange: Exchange) -> list[tuple[int, Exchange]]:
        """Take an attempt; each number from 1 on comes once, in any order. Returns those written now, in order of start."""
        self._waiting[number] = exchange
        written = []
        while (ready := self._waiting.pop(self._next, None)) is not None:
            if not self.origin_ns:
                self.origin_ns = ready.start_ns
                self._begun(self.origin_ns)
            self._csv.writerow(Row.of(self._next, ready, self.origin_ns))
            if self._next % self._flush_every == 0:
                self._file.flush()
            written.append((self._next, ready))
            self._next += 1
        return written

    def close_gaps(self, last: int) -> tuple[int, ...]:
        """Write what still waits for attempts up to ``last`` that will never end, and return the numbers of those."""
        lost = []
        while self._next <= last:
            if self._next not in self._waiting:
                lost.append(self._next)
                self._next += 1
                continue
            self.ended(self._next, self._waiting[self._next])
        return tuple(lost)


class RowReader:
    """Reads a ledger as it grows: each row once."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read = 0  # bytes, up to the end of a row
        self._rows: list[Row] = []

    def rows(self) -> tuple[Row, ...]:
        """Return all rows so far; none without a file. One that is not whole, as when the load was killed, is left out."""
        if not self._path.exists():
            return ()
        with self._path.open("rb") as file:
            file.seek(self._read)
            text = file.read()
        whole = text[: text.rfind(b"\n") + 1]
        self._rows += (_row(*cells) for cells in csv.reader(StringIO(whole.decode(), newline="")) if cells != [*HEADER])
        self._read += len(whole)
        return tuple(self._rows)


def read_rows(path: Path) -> tuple[Row, ...]:
    """Read the whole ledger of a load that has ended."""
    return RowReader(path).rows()


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
