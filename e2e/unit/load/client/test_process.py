import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from evenly.errors import EvenlyError
from evenly.judge import uniform
from evenly.load.client import process
from evenly.load.client.process import LocustProcess
from evenly.load.plan import LoadPlan, Stopped

if TYPE_CHECKING:
    from unit.load.conftest import Backend

pytestmark = pytest.mark.slow  # each starts a Locust

LAW = uniform(("uid-1", "uid-2", "uid-3"))
NEVER = 1e-300  # an error rate so small that no load decides


def test_a_fair_load_ends_by_itself_with_one_row_for_each_request_served(three_pods: "Backend", tmp_path: Path) -> None:
    with LocustProcess(three_pods.target, tmp_path) as load:
        load.release(LoadPlan("run-1", LAW, cap=1_000, delta=0.2))
        summary = load.wait()
    assert summary.stopped is Stopped.DECIDED
    assert 100 <= summary.attempts < 1_000
    assert Counter(f"/run-1/{row.number}" for row in load.rows) == Counter(three_pods.requests)
    assert [row.number for row in load.rows] == list(range(1, summary.attempts + 1))
    assert summary.seconds > 0
    assert summary.t0_ns == load.t0_ns
    assert (tmp_path / process.HTML_FILE).stat().st_size > 10_000
    assert (tmp_path / process.LOG_FILE).read_text() == ""


def test_an_interrupted_load_keeps_its_rows_and_its_report(three_pods: "Backend", tmp_path: Path) -> None:
    with LocustProcess(three_pods.target, tmp_path) as load:
        load.release(LoadPlan("run-1", LAW, cap=10_000_000, alpha=NEVER, beta=NEVER))
        _wait_for_rows(load)
        load.stop()
        summary = load.wait()
    assert summary.stopped is Stopped.INTERRUPTED
    assert {f"/run-1/{row.number}" for row in load.rows} == set(three_pods.requests)
    assert (tmp_path / process.HTML_FILE).exists()


def test_a_load_that_is_killed_leaves_what_was_looked_at_and_says_how_it_ended(three_pods: "Backend", tmp_path: Path) -> None:
    with LocustProcess(three_pods.target, tmp_path) as load:
        load.release(LoadPlan("run-1", LAW, cap=10_000_000, alpha=NEVER, beta=NEVER))
        _wait_for_rows(load)
        load._program.send_signal(signal.SIGKILL)
        with pytest.raises(EvenlyError, match=r"exit code -9 \(SIGKILL\); \d+ attempts .*\n.*memory"):
            load.wait()
    assert len(load.rows) >= 100


def test_a_load_that_cannot_begin_says_why_in_locusts_own_words(tmp_path: Path) -> None:
    with LocustProcess("127.0.0.1:port", tmp_path) as load:
        load.release(LoadPlan("run-1", LAW, cap=100))
        with pytest.raises(EvenlyError, match=r"'http://127\.0\.0\.1:port' cannot be the target"):
            load.wait()


def test_a_load_that_does_not_end_in_time_is_ended_and_named(three_pods: "Backend", tmp_path: Path) -> None:
    with LocustProcess(three_pods.target, tmp_path) as load:
        load.release(LoadPlan("run-1", LAW, cap=10_000_000, alpha=NEVER, beta=NEVER))
        with pytest.raises(EvenlyError, match=r"did not end within 0\.1 s"):
            load.wait(0.1)
        assert load._program.poll() is not None


def test_a_load_that_is_not_wanted_any_more_sends_nothing(three_pods: "Backend", tmp_path: Path) -> None:
    with LocustProcess(three_pods.target, tmp_path) as load:
        load.stop()  # as leaving the block does once more
    assert load.rows == ()
    assert three_pods.connections == 0


@pytest.mark.parametrize("signals", [(signal.SIGSTOP,), (signal.SIGSTOP, signal.SIGINT, signal.SIGTERM)])
def test_a_load_that_hangs_and_ignores_signals_is_killed_and_its_rows_are_kept(
    three_pods: "Backend", tmp_path: Path, monkeypatch: pytest.MonkeyPatch, signals: tuple[signal.Signals, ...]
) -> None:
    monkeypatch.setattr(process, "STOP_GRACE_S", 0.1)
    with LocustProcess(three_pods.target, tmp_path) as load:
        load.release(LoadPlan("run-1", LAW, cap=10_000_000, alpha=NEVER, beta=NEVER))
        _wait_for_rows(load)
        for number in signals:
            load._program.send_signal(number)
        with pytest.raises(EvenlyError, match=r"did not end within 0\.1 s; \d{3,} attempts were made"):
            load.wait(0.1)
        assert load._program.returncode == -signal.SIGKILL
    assert len(load.rows) >= 100


def test_a_load_that_ends_by_itself_too_early_is_an_error(three_pods: "Backend", tmp_path: Path) -> None:
    # without a prelude: in one, all users but one wait to begin, and Locust waits for them
    plan = LoadPlan("run-1", LAW, cap=10_000_000, alpha=NEVER, beta=NEVER, prelude=0)
    with LocustProcess(three_pods.target, tmp_path) as load:
        load.release(plan)
        _wait_for_rows(load)
        load._program.send_signal(signal.SIGTERM)
        with pytest.raises(EvenlyError, match=r"ended (too early|with exit code \d+); \d+ attempts were made"):
            load.wait()


def test_a_plan_that_cannot_be_read_ends_the_load_instead_of_loading_without_one(three_pods: "Backend", tmp_path: Path) -> None:
    with LocustProcess(three_pods.target, tmp_path) as load:
        unreadable: Any = SimpleNamespace(to_line=lambda: "{}\n", longest_s=60.0, host="", target="")
        load.release(unreadable)
        with pytest.raises(
            EvenlyError, match=r"(?s)ended with exit code 3; 0 attempts were made.*plan lacks .* cap, law, run_id"
        ):
            load.wait(30)
    assert three_pods.connections == 0


def test_a_disk_that_fills_up_while_rows_are_written_is_named_in_the_systems_words(
    three_pods: "Backend", tmp_path: Path, disk_that_fills_up: Callable[[int], AbstractContextManager[None]]
) -> None:
    with disk_that_fills_up(20_000):
        load = LocustProcess(three_pods.target, tmp_path)
    with load:
        load.release(LoadPlan("run-1", LAW, cap=10_000_000, alpha=NEVER, beta=NEVER))
        with pytest.raises(EvenlyError, match=r"rows\.csv cannot be written: File too large\n.*--reports FOLDER"):
            load.wait()
    assert len(load.rows) >= 100


def test_rows_that_cannot_be_begun_are_named_too(three_pods: "Backend", tmp_path: Path) -> None:
    (tmp_path / "rows.csv").symlink_to("nowhere/rows.csv")
    with LocustProcess(three_pods.target, tmp_path) as load:
        load.release(LoadPlan("run-1", LAW, cap=100))
        with pytest.raises(EvenlyError, match=r"rows\.csv cannot be written: No such file or directory"):
            load.wait()


def test_a_folder_for_the_load_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "evidence").write_text("a file")
    with pytest.raises(EvenlyError, match=r"locust\.log cannot be written: Not a directory"):
        LocustProcess("127.0.0.1:1", tmp_path / "evidence" / "scenario")


PARENT = """
import sys, time
from pathlib import Path
from evenly.load.client.process import LocustProcess
LocustProcess(sys.argv[1], Path(sys.argv[2]))
print("started", flush=True)
time.sleep(600)
"""


def test_a_load_whose_parent_is_killed_ends_by_itself(three_pods: "Backend", tmp_path: Path) -> None:
    os.mkfifo(tmp_path / process.LOG_FILE)  # held open for writing by Locust alone: its end is Locust's
    log = os.fdopen(os.open(tmp_path / process.LOG_FILE, os.O_RDONLY | os.O_NONBLOCK), "rb")
    argv = [sys.executable, "-c", PARENT, three_pods.target, str(tmp_path)]
    with log, subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout
        assert parent.stdout.readline() == "started\n"
        assert log.read() is None, "nothing to read yet, and somebody has it open"
        parent.kill()
        os.set_blocking(log.fileno(), True)
        assert log.read() == b"", "ended, and without a complaint"
    assert three_pods.connections == 0


def test_somebodys_own_locust_variables_are_kept_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCUST_RUN_TIME", "1h")
    monkeypatch.setenv("LOCUSTS", "not Locust's")
    assert process._without_locust_variables() == ("env", "-u", "LOCUST_RUN_TIME")


def test_without_locust_the_remedy_is_to_install_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(process, "find_spec", lambda _: None)
    with pytest.raises(EvenlyError, match="pip install locust"):
        LocustProcess("127.0.0.1:1", tmp_path)


def _wait_for_rows(load: LocustProcess, limit_s: float = 15.0) -> None:
    deadline = time.monotonic() + limit_s
    while len(load.rows) < 100:
        assert time.monotonic() < deadline, "no rows within the limit"
        time.sleep(0.02)
