"""The one way to run a program: a time limit, its standard error in the error, no shell, and never an orphan."""

import atexit
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path

from evenly.errors import EvenlyError
from evenly.limits import scaled

STDERR_LINES_SHOWN = 12
STDERR_WIDTH_SHOWN = 200
COMMAND_LENGTH_SHOWN = 120
STOP_GRACE_S = 5.0

# Outlives this process by a moment: when its standard input ends, it ends the programs that were added and not taken away.
GUARD = """
import os, signal, sys
running = set()
for line in sys.stdin:
    change, group = line.split()
    (running.add if change == "+" else running.discard)(int(group))
for group in running:
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        pass
"""


class ProgramError(EvenlyError):
    """A program ended badly, did not end in time, or is not there."""

    def __init__(self, problem: str, remedy: str, stderr: str = "") -> None:
        super().__init__(problem, remedy)
        self.stderr = stderr


class Program(subprocess.Popen[str]):
    """A program that leads a group of all it starts; should this process be killed, the group is ended too."""

    def poll(self) -> int | None:
        """Return the exit code of a program that has ended."""
        code = super().poll()
        if code is not None:
            _tell_guard("-", self.pid)
        return code

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end, which ``communicate`` and the end of a ``with`` come down to as well."""
        code = super().wait(timeout)
        _tell_guard("-", self.pid)
        return code


def run(
    *argv: str | Path,
    timeout_s: float,
    stdin: str | None = None,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    remedy: str = "look at the last lines above; they are the program's own",
) -> str:
    """Run a program to its end and return its standard output.

    ``env`` is added to this process's environment. When the time limit, ``timeout_s`` scaled by patience, passes, the program
    and all it started are ended. Raises ProgramError with the last lines of standard error when it fails, is missing, or takes
    longer than that.
    """
    return finish(start(*argv, cwd=cwd, env=env), timeout_s=timeout_s, stdin=stdin, remedy=remedy)


def finish(program: Program, *, timeout_s: float, remedy: str, stdin: str | None = None) -> str:
    """Wait for the end of a program that was started, and return its standard output; time limit and errors as for `run`."""
    limit_s = scaled(timeout_s)
    try:
        stdout, stderr = program.communicate(stdin, timeout=limit_s)
    except subprocess.TimeoutExpired:
        stop(program, signal.SIGKILL)
        _, stderr = program.communicate()
        raise ProgramError(f"{_shown(program)} did not end within {limit_s:g} s{tail(stderr)}", remedy, stderr) from None
    except BaseException:
        stop(program, signal.SIGKILL)
        raise
    if program.returncode != 0:
        raise ProgramError(f"{_shown(program)} ended with exit code {program.returncode}{tail(stderr)}", remedy, stderr)
    return stdout


def start(
    *argv: str | Path,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    stdout: int = subprocess.PIPE,
    stderr: int = subprocess.PIPE,
) -> Program:
    """Start a program in a session of its own, so that Ctrl-C reaches us first and we end it in good order."""
    _guard()  # before the program, so that it is without one for no longer than a line takes to write
    try:
        program = Program(
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
    _tell_guard("+", program.pid)
    return program


def stop(program: subprocess.Popen[str], *signals: signal.Signals, grace_s: float = STOP_GRACE_S) -> None:
    """End a program and all it started: each signal in turn, a grace (scaled by patience) between them, SIGKILL at the last."""
    for number in (*signals, signal.SIGKILL):
        if program.poll() is not None:
            return
        os.killpg(program.pid, number)
        try:
            program.wait(scaled(grace_s))
        except subprocess.TimeoutExpired:
            continue


def tail(stderr: str) -> str:
    """Return the last lines of a program's standard error as an error shows them: marked, and clipped to fit a screen."""
    lines = stderr.strip().splitlines()[-STDERR_LINES_SHOWN:]
    return "".join(f"\n  | {line[:STDERR_WIDTH_SHOWN]}" for line in lines)


def _shown(program: Program) -> str:
    assert isinstance(program.args, list)  # noqa: S101 - `start` makes it one
    line = " ".join(program.args)
    return line if len(line) <= COMMAND_LENGTH_SHOWN else f"{line[:COMMAND_LENGTH_SHOWN]} [...]"


def _tell_guard(change: str, group: int) -> None:
    pipe = _guard().stdin
    assert pipe  # noqa: S101 - it was made one
    with suppress(BrokenPipeError):  # somebody ended it, which is no reason to end the run
        os.write(pipe.fileno(), f"{change} {group}\n".encode())


@cache
def _guard() -> subprocess.Popen[bytes]:
    """Start the guard, in a session of its own: whatever kills this process and its group leaves it."""
    silent = subprocess.DEVNULL
    guard = subprocess.Popen(
        [sys.executable, "-IS", "-c", GUARD], stdin=subprocess.PIPE, stdout=silent, stderr=silent, start_new_session=True
    )
    atexit.register(guard.communicate)  # ends its input and waits for it
    return guard
