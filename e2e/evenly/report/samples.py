"""Reads samples.csv.gz: what every attempt of every scenario came to, summed up per pod as it streams by."""

import csv
import gzip
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from evenly.errors import EvenlyError

SAMPLES = "samples.csv.gz"
COLUMNS = (
    "scenario",
    "number",
    "start_us",
    "connect_us",
    "response_us",
    "pod",
    "uid",
    "node",
    "connection",
    "request",
    "client",
    "error",
    "logged",
)


@dataclass(slots=True)
class PodSamples:
    """What one pod answered; latencies in microseconds, in order of start, of good answers only."""

    name: str = ""
    node: str = ""
    errors: int = 0
    connect_us: list[int] = field(default_factory=list)
    response_us: list[int] = field(default_factory=list)

    @property
    def answered(self) -> int:
        """How many attempts this pod answered well."""
        return len(self.response_us)


@dataclass(slots=True)
class Samples:
    """One scenario's attempts; pods by UID, as their answers say, or as the log says where an answer was cut short."""

    starts_us: list[int] = field(default_factory=list)  # in order of start
    answers: list[str] = field(default_factory=list)  # the pods' UIDs in order of start; "" for an error
    pods: dict[str, PodSamples] = field(default_factory=dict)
    errors: Counter[str] = field(default_factory=Counter)  # by kind
    errors_that_reached_a_pod: int = 0
    clients: Counter[str] = field(default_factory=Counter)  # the client's address as the pods saw it
    connections: dict[str, set[str]] = field(default_factory=dict)  # by pod UID, the pod's own serials
    longest_connection: int = 0  # the highest request index on one connection, as the pods count

    @property
    def sent(self) -> int:
        """How many attempts were made."""
        return len(self.starts_us)

    def choices(self, uid: str) -> int:
        """How many times the Service chose this pod: once a connection, however many requests that carried."""
        if self.longest_connection > 1:
            return len(self.connections.get(uid, ()))
        return self.pods[uid].answered if uid in self.pods else 0

    def started_before(self, at_s: float) -> int:
        """How many attempts had started at a time of the run."""
        return sum(start < at_s * 1e6 for start in self.starts_us)

    def add(self, row: list[str]) -> None:
        """Count one row; raises ValueError when it is not one."""
        _, _, start, connect, response, pod, uid, node, connection, request, client, error, logged = row
        self.starts_us.append(int(start))
        self.answers.append("" if error else uid)
        if error:
            self.errors[error] += 1
            self.errors_that_reached_a_pod += bool(logged)
            if uid or logged:
                self._pod(uid or logged, pod, node).errors += 1
            return
        samples = self._pod(uid, pod, node)
        samples.connect_us.append(int(connect))
        samples.response_us.append(int(response))
        self.clients[client] += 1
        self.connections.setdefault(uid, set()).add(connection)
        self.longest_connection = max(self.longest_connection, int(request))

    def _pod(self, uid: str, name: str, node: str) -> PodSamples:
        samples = self.pods.setdefault(uid, PodSamples())
        samples.name = samples.name or name
        samples.node = samples.node or node
        return samples


def read_samples(folder: Path) -> dict[str, Samples]:
    """Sum up the samples of each scenario of the run in ``folder``; none at all when no load was sent.

    Raises EvenlyError when the file is damaged.
    """
    path = folder / SAMPLES
    if not path.exists():
        return {}
    scenarios: dict[str, Samples] = {}
    try:
        with gzip.open(path, "rt", encoding="utf-8", newline="") as lines:
            for row in _rows(lines):
                scenarios.setdefault(row[0], Samples()).add(row)
    except (OSError, EOFError, ValueError, zlib.error, csv.Error) as error:
        raise EvenlyError(f"{path} is damaged: {error}", "make the run again; without its samples it has no report") from None
    return scenarios


def _rows(lines: Iterable[str]) -> Iterator[list[str]]:
    """All rows but the headers: each scenario's part of the file may begin with its own."""
    rows = csv.reader(lines)
    header = next(rows, list(COLUMNS))
    if tuple(header) != COLUMNS:
        raise ValueError(f"its columns are {','.join(header)[:200]}")
    return (row for row in rows if row[0] != COLUMNS[0])
