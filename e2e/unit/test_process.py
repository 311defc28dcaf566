import signal
import sys
from pathlib import Path

import pytest

from evenly.process import ProgramError, run, start, stop


def test_standard_output_is_returned() -> None:
    assert run(sys.executable, "-c", "print(input())", stdin="hello", timeout_s=30) == "hello\n"


def test_a_failure_shows_the_exit_code_and_the_last_lines_of_standard_error() -> None:
    program = "import sys; print(*range(100), sep='\\n', file=sys.stderr); sys.exit(3)"
    with pytest.raises(ProgramError, match="ended with exit code 3") as failure:
        run(sys.executable, "-c", program, timeout_s=30, remedy="read the manual")
    lines = str(failure.value).splitlines()
    assert lines[-2:] == ["  | 99", "  What to do: read the manual"]
    assert len(lines) <= 24, "an error fits on a screen"
    assert failure.value.stderr.startswith("0\n1\n")


def test_a_missing_program_is_named_with_the_remedy() -> None:
    with pytest.raises(ProgramError, match="no-such-program is not on this machine"):
        run("no-such-program", timeout_s=1)


def test_at_the_time_limit_the_program_and_its_children_are_ended(tmp_path: Path) -> None:
    child = "import os, pathlib, sys, time; pathlib.Path(sys.argv[1]).write_text(str(os.getpid())); time.sleep(60)"
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}, sys.argv[1]])"
    with pytest.raises(ProgramError, match=r"did not end within 1\.5 s"):
        run(sys.executable, "-c", parent, tmp_path / "pid", timeout_s=1.5)
    state = Path("/proc") / (tmp_path / "pid").read_text() / "stat"
    assert not state.exists() or " Z " in state.read_text(), "a child went on"


def test_stopping_takes_the_next_signal_when_one_is_ignored() -> None:
    deaf = "import signal, time; signal.signal(signal.SIGINT, signal.SIG_IGN); print(flush=True); time.sleep(60)"
    with start(sys.executable, "-c", deaf) as program:
        assert program.stdout
        program.stdout.readline()
        stop(program, signal.SIGINT, signal.SIGTERM, grace_s=0.2)
        assert program.returncode == -signal.SIGTERM
