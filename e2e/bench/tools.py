"""Other load generators: how each is told to make every request on a new connection, and what it tells afterwards."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass

from evenly.load.client.process import CLIENTS

_UNITS_MS = {"us": 0.001, "ms": 1.0, "s": 1000.0}


@dataclass(frozen=True, slots=True)
class Load:
    """What is sent: so many connections or, when that is 0, as many as fit into ``seconds``.

    wrk cannot count: it always takes ``seconds``.
    """

    name: str
    connections: int
    seconds: int


@dataclass(frozen=True, slots=True)
class Spread:
    """Half and 99 % of something took no longer than this."""

    p50_ms: float
    p99_ms: float


@dataclass(frozen=True, slots=True)
class Told:
    """What a tool tells of one load; times are None where it does not tell them.

    ``whole`` is from the first try to connect to the last byte, ``answer`` from connected to the last byte.
    """

    connections: int
    seconds: float
    errors: int
    whole: Spread | None = None
    answer: Spread | None = None
    connect: Spread | None = None


@dataclass(frozen=True, slots=True)
class Tool:
    """A program, its words for a load on a URL, and how its standard output is read."""

    name: str
    words: Callable[[Load, str], tuple[str, ...]]
    read: Callable[[str], Told]


def wrk_words(load: Load, url: str) -> tuple[str, ...]:
    """One thread, as all the others whose work one thread can do."""
    return ("-t1", f"-c{CLIENTS}", f"-d{load.seconds}s", "-H", "Connection: close", "--latency", url)


def read_wrk(text: str) -> Told:
    """Read wrk's report; its latency begins when the request is written, which is after connecting."""
    connections, seconds = _found(r"(\d+) requests in ([\d.]+)s", text)
    socket_errors = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", text)
    other_answers = re.search(r"Non-2xx or 3xx responses: (\d+)", text)
    return Told(
        int(connections),
        float(seconds),
        sum(map(int, socket_errors.groups() if socket_errors else ())) + int(other_answers[1] if other_answers else 0),
        answer=Spread(_wrk_ms("50%", text), _wrk_ms("99%", text)),
    )


def ab_words(load: Load, url: str) -> tuple[str, ...]:
    """Without -k, each request has a new connection; -l allows answers of any length; the -n after -t replaces its count."""
    how_much = ("-n", str(load.connections)) if load.connections else ("-t", str(load.seconds), "-n", "10000000")
    return ("-q", "-l", "-c", str(CLIENTS), *how_much, "-e", "/dev/stdout", url)


def read_ab(text: str) -> Told:
    """Read ab's report, and the table of percentiles, finer than the report's whole milliseconds, that -e writes."""
    other_answers = re.search(r"Non-2xx responses:\s+(\d+)", text)
    return Told(
        int(_found(r"Complete requests:\s+(\d+)", text)[0]),
        float(_found(r"Time taken for tests:\s+([\d.]+) seconds", text)[0]),
        int(_found(r"Failed requests:\s+(\d+)", text)[0]) + int(other_answers[1] if other_answers else 0),
        whole=Spread(*(float(_found(rf"^{percent},([\d.]+)$", text)[0]) for percent in (50, 99))),
    )


def fortio_words(load: Load, url: str) -> tuple[str, ...]:
    """Return the words for as many requests a second as it can, with percentiles on a scale of 10 us."""
    how_much = ("-n", str(load.connections)) if load.connections else ("-t", f"{load.seconds}s")
    how = ("-qps", "0", "-c", str(CLIENTS), *how_much, "-keepalive=false")
    return ("load", "-quiet", *how, "-p", "50,99", "-r", "0.00001", "-json", "-", url)


def read_fortio(text: str) -> Told:
    """Read fortio's JSON."""
    told = json.loads(text)
    connections = told["DurationHistogram"]["Count"]
    whole, connect = (
        Spread(*(entry["Value"] * 1000 for entry in told[times]["Percentiles"]))
        for times in ("DurationHistogram", "ConnectionStats")
    )
    errors = connections - told["RetCodes"].get("200", 0)
    return Told(connections, told["ActualDuration"] / 1e9, errors, whole=whole, connect=connect)


WRK = Tool("wrk", wrk_words, read_wrk)
OTHERS = (WRK, Tool("ab", ab_words, read_ab), Tool("fortio", fortio_words, read_fortio))


def _wrk_ms(percent: str, text: str) -> float:
    value, unit = _found(rf"^\s+{percent}\s+([\d.]+)(us|ms|s)$", text)
    return float(value) * _UNITS_MS[unit]


def _found(pattern: str, text: str) -> tuple[str, ...]:
    found = re.search(pattern, text, re.MULTILINE)
    if not found:
        raise ValueError(f"nothing in it is like {pattern}: {text}")
    return found.groups()
