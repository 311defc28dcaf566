"""Several processes send one load: exactly as many attempts, each once; what a process takes along is named."""

import os
import re
import signal
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

import pytest

from evenly.errors import EvenlyError
from evenly.judge import uniform
from evenly.load.client.process import KEEP_ALIVE, LocustProcess
from evenly.load.plan import LoadPlan, Stopped

if TYPE_CHECKING:
    from unit.load.conftest import Backend

pytestmark = pytest.mark.slow

LAW = uniform(("uid-1", "uid-2", "uid-3"))
NEVER = 1e-300  # an error rate so small that no load decides
WAIT_LIMIT_S = 15.0
ENDLESS = LoadPlan("run-1", LAW, cap=10_000_000, alpha=NEVER, beta=NEVER, errors_allowed=1_000, prelude=0)


@pytest.mark.parametrize("workers", [1, 2, 4])
def test_exactly_as_many_attempts_as_planned_are_made_each_once(workers: int, three_pods: "Backend", tmp_path: Path) -> None:
    with LocustProcess(three_pods.target, tmp_path, workers=workers) as load:
        load.release(LoadPlan("run-1", LAW, cap=1_500, alpha=NEVER, beta=NEVER, prelude=100))
        summary = load.wait()
    assert (summary.attempts, summary.stopped, summary.workers) == (1_500, Stopped.CAP, workers)
    assert summary.lost == ()
    assert summary.prelude == 100
    assert summary.client_cpu_s > 0
    assert [row.number for row in load.rows] == list(range(1, 1_501))
    assert Counter(three_pods.requests) == {f"/run-1/{number}": 1 for number in range(1, 1_501)}
    assert three_pods.requests[:100] == [f"/run-1/{number}" for number in range(1, 101)], "one after the other"
    assert (tmp_path / "locust.log").read_text() == ""


def test_a_decision_ends_the_load_with_what_workers_have(three_pods: "Backend", tmp_path: Path) -> None:
    with LocustProcess(three_pods.target, tmp_path, workers=2) as load:
        load.release(LoadPlan("run-1", LAW, cap=4_000, delta=0.2, prelude=0))
        summary = load.wait()
    assert summary.stopped is Stopped.DECIDED
    assert 100 <= summary.attempts < 1_000
    assert Counter(f"/run-1/{row.number}" for row in load.rows) == Counter(three_pods.requests)
    assert [row.number for row in load.rows] == list(range(1, summary.attempts + 1))


def test_what_a_worker_that_is_killed_takes_along_is_named(three_pods: "Backend", tmp_path: Path) -> None:
    held, go_on, answer = Event(), Event(), three_pods.respond

    def respond(request: bytes, serial: int) -> bytes | None:
        if serial > 300:
            held.set()
            go_on.wait()
        return answer(request, serial)

    three_pods.respond = respond
    with LocustProcess(three_pods.target, tmp_path, workers=2) as load:
        load.release(ENDLESS)
        assert held.wait(WAIT_LIMIT_S)
        _wait_for(lambda: _connected_to(three_pods.port) == 20)  # every client has an attempt under way, and keeps it
        os.kill(_workers_of(load)[0], signal.SIGKILL)
        _wait_for(lambda: _connected_to(three_pods.port) == 10)
        go_on.set()
        summary = load.wait()
        rows = {row.number for row in load.rows}
    assert summary.stopped is Stopped.WORKER_LOST
    assert len(summary.lost) == 30, "its half of the clients had one each, and twenty lay ready"
    assert rows.isdisjoint(summary.lost)
    assert rows | set(summary.lost) == set(range(1, summary.attempts + 1))
    assert set(three_pods.requests) <= {f"/run-1/{number}" for number in range(1, summary.attempts + 1)}


def test_an_interrupted_load_keeps_the_rows_of_all_workers(three_pods: "Backend", tmp_path: Path) -> None:
    with LocustProcess(three_pods.target, tmp_path, workers=2) as load:
        load.release(ENDLESS)
        _wait_for(lambda: len(load.rows) >= 100)
        load.stop()
        summary = load.wait()
    assert (summary.stopped, summary.lost) == (Stopped.INTERRUPTED, ())
    assert Counter(f"/run-1/{row.number}" for row in load.rows) == Counter(three_pods.requests)
    assert len(load.rows) == summary.attempts


def test_workers_end_when_their_master_is_killed(three_pods: "Backend", tmp_path: Path) -> None:
    with LocustProcess(three_pods.target, tmp_path, workers=2) as load:
        load.release(ENDLESS)
        _wait_for(lambda: len(load.rows) >= 100)
        workers = _workers_of(load)
        load._program.kill()
        with pytest.raises(EvenlyError, match=r"exit code -9 \(SIGKILL\)"):
            load.wait()
        _wait_for(lambda: not any(map(_runs, workers)))
    assert len(workers) == 2
    assert len(load.rows) >= 100


@pytest.mark.parametrize(
    ("locustfile", "clients", "problem"),
    [
        (KEEP_ALIVE, 20, "keep_alive.py is sent by one process, and 2 workers are asked for"),
        ("locustfiles/new_connection.py", 1, "2 workers cannot share 1 clients"),
    ],
)
def test_what_cannot_be_shared_is_refused(locustfile: str, clients: int, problem: str, tmp_path: Path) -> None:
    with pytest.raises(EvenlyError, match=problem):
        LocustProcess("127.0.0.1:1", tmp_path, clients, locustfile, workers=2)


def _workers_of(load: LocustProcess) -> list[int]:
    pid = load._program.pid
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _connected_to(port: int) -> int:
    established = re.compile(rf"\S+ \S+:{port:04X} 01 ")
    return len(established.findall(Path("/proc/net/tcp").read_text()))


def _wait_for(condition: Callable[[], bool], limit_s: float = WAIT_LIMIT_S) -> None:
    deadline = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline, "not within the limit"
        time.sleep(0.02)
