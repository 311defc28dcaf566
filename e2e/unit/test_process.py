import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from evenly import process
from evenly.process import Program, ProgramError, finish, run, start, stop


def test_standard_output_is_returned() -> None:
    assert run(sys.executable, "-c", "print(input())", stdin="hello", timeout_s=30) == "hello\n"


def test_a_failure_shows_the_exit_code_and_the_last_lines_of_standard_error() -> None:
    program = "import sys; print(*range(100), sep='\\n', file=sys.stderr); sys.exit(3)"
    with pytest.raises(ProgramError, match="ended with exit code 3") as failure:
        run(sys.executable, "-c", program, timeout_s=30, remedy="read the manual")
    lines = str(failure.value).splitlines()
    assert lines[-2:] == ["  | 99", "  What to do: read the manual"]
    assert len(lines) <= 14, "an error fits on a screen, also where its lines wrap"
    assert failure.value.stderr.startswith("0\n1\n")


def test_endless_lines_of_standard_error_are_clipped() -> None:
    with pytest.raises(ProgramError) as failure:
        run(sys.executable, "-c", "import sys; sys.exit('x' * 100_000)", timeout_s=30)
    assert len(str(failure.value)) < 1000


def test_a_missing_program_is_named_with_the_remedy() -> None:
    with pytest.raises(ProgramError, match="no-such-program is not on this machine"):
        run("no-such-program", timeout_s=1)


def test_at_the_time_limit_the_program_and_its_children_are_ended(tmp_path: Path) -> None:
    alive = tmp_path / "alive"
    os.mkfifo(alive)
    output = os.open(alive, os.O_RDONLY | os.O_NONBLOCK)  # without waiting for somebody who writes
    began_s = time.monotonic()
    with pytest.raises(ProgramError, match=r"did not end within 1 s"):
        run("sh", "-c", f"exec > {alive}; echo up; sleep 60 & wait", timeout_s=1)
    os.set_blocking(output, True)
    with open(output) as lines:  # noqa: PTH123 - a descriptor
        assert lines.read() == "up\n", "the end of the fifo comes when the last program that holds it has ended"
    assert time.monotonic() - began_s < 30, "they were ended, and have not ended by themselves"


def test_a_program_that_nobody_waits_for_any_more_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Program, "communicate", interrupted)
    with start("sleep", "60") as program:
        with pytest.raises(KeyboardInterrupt):
            finish(program, timeout_s=60, remedy="")
        code = program.poll()
        stop(program)
    assert code == -signal.SIGKILL


def test_stopping_takes_the_next_signal_when_one_is_ignored() -> None:
    deaf = "import signal, time; signal.signal(signal.SIGINT, signal.SIG_IGN); print(flush=True); time.sleep(60)"
    with start(sys.executable, "-c", deaf) as program:
        assert program.stdout
        program.stdout.readline()
        stop(program, signal.SIGINT, signal.SIGTERM, grace_s=0.2)
        assert program.returncode == -signal.SIGTERM


def test_a_program_ends_with_all_it_started_when_this_process_is_killed(tmp_path: Path) -> None:
    alive = tmp_path / "alive"
    os.mkfifo(alive)
    program = f"exec > {alive}; sleep 60 & read go; wait"
    script = f"from evenly.process import start; p = start('sh', '-c', {program!r}); print('up', flush=True); p.wait()"
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as parent, alive.open() as output:
        assert parent.stdout
        assert parent.stdout.readline() == "up\n"
        began_s = time.monotonic()
        parent.kill()
        assert output.read() == "", "the end of the fifo comes when the last program that holds it has ended"
        assert time.monotonic() - began_s < 30, "they were ended, and have not ended by themselves"


def test_the_guard_leaves_alone_what_was_taken_away_from_it() -> None:
    with start("sleep", "60") as taken_away, start("sleep", "60") as left:
        changes = f"+ {taken_away.pid}\n+ {left.pid}\n- {taken_away.pid}\n"
        subprocess.run([sys.executable, "-c", process.GUARD], input=changes, text=True, check=True)
        assert left.wait(10) == -signal.SIGKILL
        assert taken_away.poll() is None
        stop(taken_away)


@pytest.mark.parametrize("end", ["run", "stop", "with", "fail"])
def test_a_program_that_has_ended_is_taken_away_from_the_guard(end: str, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[str, int]] = []
    monkeypatch.setattr(process, "_tell_guard", lambda change, group: told.append((change, group)))
    if end == "run":
        run("true", timeout_s=10)
    elif end == "stop":
        with start("sleep", "60") as program:
            stop(program)
    elif end == "with":
        with start("true"):
            pass
    else:
        with pytest.raises(ProgramError):
            run("sleep", "60", timeout_s=0.01)
    [added, *taken_away] = told
    assert added[0] == "+"
    assert set(taken_away) == {("-", added[1])}
