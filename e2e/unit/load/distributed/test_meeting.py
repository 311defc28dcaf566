"""Workers from elsewhere come to a meeting: those of this load are let in, and nobody else."""

import os
import socket
import subprocess
import sys
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

import pytest

from evenly.errors import EvenlyError
from evenly.judge import uniform
from evenly.k8s.wait import until
from evenly.load.client.process import NEW_CONNECTION, LocustProcess
from evenly.load.distributed import meeting as module
from evenly.load.distributed.meeting import Meeting, reach
from evenly.load.plan import LoadPlan, Stopped
from evenly.shipped import shipped

if TYPE_CHECKING:
    from unit.load.conftest import Backend

pytestmark = pytest.mark.slow

LAW = uniform(("uid-1", "uid-2", "uid-3"))
NEVER = 1e-300  # an error rate so small that no load decides
WAIT_LIMIT_S = 20.0
HERE = "127.0.0.1"
NOWHERE = "127.0.0.1:1"  # where Locust was started for, before it was known where the load goes


def worker(meeting: Meeting) -> subprocess.Popen[bytes]:
    """Start what a pod runs, as its manifest says."""
    words = ("-m", "evenly.load.distributed.pod", "--locustfile", str(shipped(NEW_CONNECTION)))
    return subprocess.Popen([sys.executable, *words], env={**os.environ, "EVENLY_MEETING": str(meeting)})


def test_a_meeting_reads_back_the_same_and_its_ports_are_free() -> None:
    meeting = Meeting.at(HERE)
    assert Meeting.parse(str(meeting)) == meeting
    for port in (meeting.port, meeting.locust_port):
        socket.create_server((HERE, port)).close()
    assert meeting.word != Meeting.at(HERE).word


def test_an_address_of_another_machine_is_refused_with_the_remedy() -> None:
    with pytest.raises(EvenlyError, match=r"meet this machine at 192\.0\.2\.77, which it cannot listen on") as refused:
        Meeting.at("192.0.2.77")
    assert "--workers" in refused.value.remedy


def test_a_master_that_is_not_reached_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "REACH_LIMIT_S", 0.1)
    meeting = Meeting.at(HERE)
    with pytest.raises(SystemExit, match=rf"127\.0\.0\.1:{meeting.port} is not reached within 0\.1 s: .*refused"):
        reach(meeting)


def test_a_worker_waits_for_its_master_to_listen() -> None:
    meeting = Meeting.at(HERE)
    reached: list[int] = []
    waiting = Thread(target=lambda: reached.append(reach(meeting)))
    waiting.start()
    waiting.join(0.2)
    assert waiting.is_alive()
    with socket.create_server((HERE, meeting.port)) as door:
        visitor, _ = door.accept()
        waiting.join(WAIT_LIMIT_S)
    assert visitor.recv(100) == f"{meeting.word}\n".encode()
    visitor.close()
    os.close(reached[0])


def test_a_worker_that_has_come_but_never_listens_is_not_taken_for_one_that_will_hear_of_the_load(tmp_path: Path) -> None:
    meeting = Meeting.at(HERE)
    with LocustProcess(NOWHERE, tmp_path, workers=1, meeting=meeting) as load:
        os.close(reach(meeting))
        assert until(lambda: not load.runs, limit_s=WAIT_LIMIT_S)
        assert not load.met
        with pytest.raises(EvenlyError, match="one of 1 workers has ended before the load began"):
            load.wait()


@pytest.mark.parametrize("workers", [1, 2])
def test_workers_from_elsewhere_send_exactly_as_many_attempts_as_planned(
    workers: int, three_pods: "Backend", tmp_path: Path
) -> None:
    meeting = Meeting.at(HERE)
    with LocustProcess(NOWHERE, tmp_path, workers=workers, meeting=meeting) as load:
        stranger = _stranger(meeting)
        others = [worker(meeting) for _ in range(workers)]
        assert until(lambda: load.met, limit_s=WAIT_LIMIT_S, in_vain=lambda: not load.runs)
        load.release(LoadPlan("run-1", LAW, cap=1_500, alpha=NEVER, beta=NEVER, prelude=100, target=three_pods.target))
        summary = load.wait()
    assert (summary.attempts, summary.stopped, summary.workers, summary.lost) == (1_500, Stopped.CAP, workers, ())
    assert load.target == three_pods.target
    assert [row.number for row in load.rows] == list(range(1, 1_501))
    assert sorted(three_pods.requests) == sorted(f"/run-1/{number}" for number in range(1, 1_501))
    assert three_pods.requests[:100] == [f"/run-1/{number}" for number in range(1, 101)], "one after the other"
    assert [other.wait(WAIT_LIMIT_S) for other in others] == [0] * workers, "the master lets them go"
    assert stranger.recv(1) == b""
    stranger.close()


def test_a_worker_from_elsewhere_that_is_killed_is_noticed_at_once(three_pods: "Backend", tmp_path: Path) -> None:
    meeting = Meeting.at(HERE)
    endless = LoadPlan("run-1", LAW, 10_000_000, alpha=NEVER, beta=NEVER, errors_allowed=1_000, prelude=0)
    with LocustProcess(three_pods.target, tmp_path, workers=2, meeting=meeting) as load:
        one, other = worker(meeting), worker(meeting)
        assert until(lambda: load.met, limit_s=WAIT_LIMIT_S, in_vain=lambda: not load.runs)
        load.release(endless)
        assert until(lambda: len(load.rows) >= 500, limit_s=WAIT_LIMIT_S)
        one.kill()
        summary = load.wait(WAIT_LIMIT_S)
    assert summary.stopped is Stopped.WORKER_LOST
    assert 1 <= len(summary.lost) <= 30, "what its half of the clients had, and what lay ready"
    assert {row.number for row in load.rows} | set(summary.lost) == set(range(1, summary.attempts + 1))
    one.wait(WAIT_LIMIT_S)
    assert other.wait(WAIT_LIMIT_S) == 0


def _stranger(meeting: Meeting) -> socket.socket:
    """Come to the meeting first, with another word."""
    came: list[socket.socket] = []

    def come() -> bool:
        try:
            came.append(socket.create_connection((HERE, meeting.port), timeout=WAIT_LIMIT_S))
        except ConnectionRefusedError:
            return False
        return True

    assert until(come, limit_s=WAIT_LIMIT_S)
    came[0].sendall(b"let me in\n")
    return came[0]
