"""The one way to run a program: a time limit, its standard error in the error, no shell."""

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from evenly.errors import EvenlyError

STDERR_LINES_SHOWN = 20
COMMAND_LENGTH_SHOWN = 120
STOP_GRACE_S = 5.0


class ProgramError(EvenlyError):
    """A program ended badly, did not end in time, or is not there."""

    def __init__(self, problem: str, remedy: str, stderr: str = "") -> None:
        super().__init__(problem, remedy)
        self.stderr = stderr


def run(
    *argv: str | Path,
    timeout_s: float,
    stdin: str | None = None,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    remedy: str = "look at the last lines above; they are the program's own",
) -> str:
    """Run a program to its end and return its standard output.

    ``env`` is added to this process's environment. When the time limit passes, the program and all it started are ended.
    Raises ProgramError with the last lines of standard error when it fails, is missing, or takes longer than ``timeout_s``.
    """
    program = start(*argv, cwd=cwd, env=env)
    try:
        stdout, stderr = program.communicate(stdin, timeout=timeout_s)
    except subprocess.TimeoutExpired:
        stop(program, signal.SIGKILL)
        _, stderr = program.communicate()
        raise ProgramError(f"{_shown(argv)} did not end within {timeout_s:g} s{_tail(stderr)}", remedy, stderr) from None
    except BaseException:
        stop(program, signal.SIGKILL)
        raise
    if program.returncode != 0:
        raise ProgramError(f"{_shown(argv)} ended with exit code {program.returncode}{_tail(stderr)}", remedy, stderr)
    return stdout


def start(
    *argv: str | Path,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    stdout: int = subprocess.PIPE,
    stderr: int = subprocess.PIPE,
) -> subprocess.Popen[str]:
    """Start a program in a session of its own, so that Ctrl-C reaches us first and we end it in good order."""
    try:
        return subprocess.Popen(
            [str(a) for a in argv],
            stdin=subprocess.PIPE,
            stdout=stdout,
            stderr=stderr,
            cwd=cwd,
            env={**os.environ, **(env or {})},
            text=True,
            start_new_session=True,
        )
    except FileNotFoundError as error:
        raise ProgramError(f"{argv[0]} is not on this machine ({error.strerror})", f"install {argv[0]}") from None


def stop(program: subprocess.Popen[str], *signals: signal.Signals, grace_s: float = STOP_GRACE_S) -> None:
    """End a program and all it started: each signal in turn, with a grace between them, and SIGKILL at the last."""
    for number in (*signals, signal.SIGKILL):
        if program.poll() is not None:
            return
        os.killpg(program.pid, number)
        try:
            program.wait(grace_s)
        except subprocess.TimeoutExpired:
            continue


def _shown(argv: Sequence[str | Path]) -> str:
    line = " ".join(str(a) for a in argv)
    return line if len(line) <= COMMAND_LENGTH_SHOWN else f"{line[:COMMAND_LENGTH_SHOWN]}..."


def _tail(stderr: str) -> str:
    lines = stderr.strip().splitlines()[-STDERR_LINES_SHOWN:]
    return "".join(f"\n  | {line}" for line in lines)
