"""samples.csv.gz, every attempt of every scenario: appended by the scenario, read as sums per pod as it streams by."""

import csv
import gzip
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from io import SEEK_END, StringIO
from pathlib import Path
from types import MappingProxyType

from evenly.errors import EvenlyError
from evenly.files import write_whole, writing
from evenly.judge.plan import CONNECTIONS_A_CLIENT

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


def write_samples(path: Path, scenario: str, rows: Iterable[Sequence[object]]) -> None:
    """Append a scenario's attempts, each as the values of ``COLUMNS`` after the first, to a gzipped CSV file.

    Equal rows give equal bytes: each call adds a gzip member of its own, without a date. Raises EvenlyError when the file
    cannot be written; it is then as it was before.
    """
    text = StringIO(newline="")
    table = csv.writer(text, lineterminator="\n")
    table.writerow(COLUMNS)
    table.writerows((scenario, *row) for row in rows)
    with writing(path):
        before = path.read_bytes() if path.exists() else b""
    write_whole(path, before + gzip.compress(text.getvalue().encode(), mtime=0))


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
    answers: list[str] = field(default_factory=list)  # who was chosen (UIDs), in order of start; "" for an error
    pods: dict[str, PodSamples] = field(default_factory=dict)
    errors: Counter[str] = field(default_factory=Counter)  # by kind
    errors_that_reached_a_pod: int = 0
    clients: Counter[str] = field(default_factory=Counter)  # the client's address as the pods saw it
    connections: dict[str, set[str]] = field(default_factory=dict)  # by pod UID, the pod's own serials
    longest_connection: int = 0  # the highest request index on one connection, as the pods count
    moments_us: dict[str, list[int]] = field(default_factory=dict)  # of all attempts, judged or not: see `pass_by`

    @property
    def sent(self) -> int:
        """How many attempts were made."""
        return len(self.starts_us)

    def chosen(self) -> Counter[str]:
        """Count how many times the Service chose each pod: once a connection, however many requests that carried."""
        if self.longest_connection > 1:
            return Counter({uid: len(serials) for uid, serials in self.connections.items()})
        return Counter({uid: pod.answered for uid, pod in self.pods.items()})

    def chosen_by_clients(self) -> Counter[str]:
        """Count the clients by the pod that answered each first, where ``CONNECTIONS_A_CLIENT`` in a row are one client's."""
        size = CONNECTIONS_A_CLIENT
        answered = (list(filter(None, self.answers[at : at + size])) for at in range(0, len(self.answers), size))
        return Counter(own[0] for own in answered if own)

    def started_before(self, at_s: float) -> int:
        """How many attempts had started at a time of the run."""
        return sum(start < at_s * 1e6 for start in self.starts_us)

    def add(self, row: list[str]) -> None:
        """Count one row; raises ValueError when it is not one."""
        _, _, start, connect, response, pod, uid, node, connection, request, client, error, logged = row
        self.starts_us.append(int(start))
        if error or request == "1":
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

    def pass_by(self, row: list[str]) -> None:
        """Note when a pod (UID) has answered, and under "" when an attempt without an answer began; ValueError as for `add`."""
        _, _, start, connect, response, _, uid, _, _, _, _, error, _ = row
        moment = int(start) if error else int(start) + int(connect) + int(response)
        self.moments_us.setdefault("" if error else uid, []).append(moment)

    def _pod(self, uid: str, name: str, node: str) -> PodSamples:
        samples = self.pods.setdefault(uid, PodSamples())
        samples.name = samples.name or name
        samples.node = samples.node or node
        return samples


@dataclass(slots=True)
class SamplesFile:
    """The samples of a run, read as its file grows: what a load has added is read once."""

    path: Path
    scenarios: dict[str, Samples] = field(default_factory=dict)
    _read: int = 0  # bytes: the file grows by whole members

    def read(self, judged: Mapping[str, range | None] = MappingProxyType({})) -> Mapping[str, Samples]:
        """Sum up what is new, and return the samples of each scenario by name; none at all when no load was sent.

        ``judged`` names the attempts to take of a scenario of which not all count; its moments are those of all the same.
        Raises EvenlyError when the file is damaged.
        """
        if not self.path.exists():
            return {}
        try:
            with self.path.open("rb") as file:
                file.seek(self._read)
                with gzip.open(file, "rt", encoding="utf-8", newline="") as lines:
                    self._add(_rows(lines), judged)
                self._read = file.seek(0, SEEK_END)
        except (OSError, EOFError, ValueError, zlib.error, csv.Error) as error:
            raise EvenlyError(
                f"{self.path} is damaged: {error}", "make the run again; without its samples it has no report"
            ) from None
        return self.scenarios

    def _add(self, rows: Iterable[list[str]], judged: Mapping[str, range | None]) -> None:
        for row in rows:
            samples, window = self.scenarios.setdefault(row[0], Samples()), judged.get(row[0])
            samples.pass_by(row)
            if window is None or int(row[1]) in window:
                samples.add(row)


def _rows(lines: Iterable[str]) -> Iterator[list[str]]:
    """All rows but the headers: each scenario's part of the file may begin with its own."""
    rows = csv.reader(lines)
    header = next(rows, list(COLUMNS))
    if tuple(header) != COLUMNS:
        raise ValueError(f"its columns are {','.join(header)[:200]}")
    return (row for row in rows if row[0] != COLUMNS[0])
