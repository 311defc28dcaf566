"""Runs of the suite as a person starts them: in the background, watched, interrupted, and read afterwards."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from soak.traces import MARK

REPOSITORY = Path(__file__).parents[2]
SUITE = REPOSITORY / "e2e" / "test_spread.py"
RUN_LIMIT_S = 300.0
SIGNALLED = 128
LOOK_EVERY_S = 0.02


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run ended: its exit code as a shell tells it (128 + N for one that signal N ended), and all that it printed."""

    code: int
    text: str

    @property
    def error(self) -> str:
        """The first error that is meant for a person, from its first line to its remedy; empty where there is none."""
        lines = self.text.splitlines()
        remedy = next((number for number, line in enumerate(lines) if line.startswith("  What to do: ")), -1)
        first = remedy
        while first > 0 and lines[first].startswith(" "):  # all lines of an error but its first are indented
            first -= 1
        return "\n".join(lines[first : remedy + 1])


class Background:
    """A program in a session of its own, as a terminal's; ended, whatever happens, with the ``with`` block."""

    def __init__(self, *argv: str | Path, log: Path, env: Mapping[str, str], cwd: Path = REPOSITORY) -> None:
        self._log = log
        with log.open("w") as output:
            self._program = subprocess.Popen(
                [str(word) for word in argv],
                cwd=cwd,
                env={**os.environ, **env, MARK: "1"},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._program.poll() is None:
            self.send(signal.SIGINT)
            self.end()

    @property
    def pid(self) -> int:
        """The process id, which is also that of its group."""
        return self._program.pid

    @property
    def text(self) -> str:
        """What it has printed so far."""
        return self._log.read_text(errors="replace")

    def wait_for(self, pattern: str, limit_s: float = RUN_LIMIT_S) -> None:
        """Return when it has printed this; raises AssertionError when it ends before, or the limit passes."""
        deadline = time.monotonic() + limit_s
        while not re.search(pattern, self.text):
            if self._program.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"it never said {pattern!r}; it said:\n{self.text}")
            time.sleep(LOOK_EVERY_S)

    def ended_within(self, limit_s: float) -> bool:
        """Wait up to the limit for its end, and tell whether it has come."""
        try:
            self._program.wait(limit_s)
        except subprocess.TimeoutExpired:
            return False
        return True

    def send(self, number: signal.Signals) -> None:
        """Send a signal as a terminal does, to all of its group."""
        os.killpg(self.pid, number)

    def end(self, limit_s: float = RUN_LIMIT_S) -> Ended:
        """Wait for its end; past the limit it is killed, which is an error."""
        if not self.ended_within(limit_s):
            self.send(signal.SIGKILL)
            self._program.wait()
            raise AssertionError(f"it did not end within {limit_s:g} s; it said:\n{self.text}")
        code = self._program.returncode
        return Ended(code if code >= 0 else SIGNALLED - code, self.text)


def suite_argv(*options: str | Path, tests: Path = SUITE) -> tuple[str | Path, ...]:
    """Return what `make e2e` would run."""
    return (sys.executable, "-m", "pytest", "--verbose", "-p", "no:cacheprovider", tests, *options)
