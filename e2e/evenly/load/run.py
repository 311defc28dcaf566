"""Locust as a program of its own: started early, released by one line, ended in good order."""

import os
import signal
import subprocess
import sys
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Self

from evenly import process
from evenly.errors import EvenlyError
from evenly.files import unwritten, writing
from evenly.load.plan import EXIT_CODE_UNWRITTEN, LOAD_LIMIT_S, ROWS_FILE, SUMMARY_FILE, LoadPlan, Summary
from evenly.load.rows import Row, read_rows
from evenly.shipped import shipped

CLIENTS = 20

END_LIMIT_S = LOAD_LIMIT_S + 30.0
"""From release to the end of the process: the load's own limit, its longest attempt (10 s), and Locust's report."""

STOP_GRACE_S = 15.0
"""From SIGINT to the end of the process: the attempts in flight end (10 s at most), and Locust writes its report."""

HTML_FILE = "locust.html"
LOG_FILE = "locust.log"


class Locust:
    """A Locust process that waits for its plan, sends the load, and ends by itself; as a context manager it is always ended.

    ``target`` is an address and port, ``clients`` how many attempts are under way at a time. Starting takes Locust 0.3 to 1 s,
    beside whatever the caller does until ``release``. ``folder`` is made if need be, and gets rows.csv, summary.json,
    locust.html and locust.log. Raises EvenlyError when Locust is not installed, and when the folder cannot be written.
    """

    def __init__(self, target: str, folder: Path, clients: int = CLIENTS) -> None:
        if find_spec("locust") is None:
            raise EvenlyError("Locust is not installed beside evenly", f"{sys.executable} -m pip install locust")
        self.folder = folder
        self._released = False
        with writing(folder / LOG_FILE):
            folder.mkdir(parents=True, exist_ok=True)
            log = (folder / LOG_FILE).open("w", encoding="utf-8")
        with log:
            self._program = process.start(
                *_without_locust_variables(),
                *(sys.executable, "-m", "locust", "--headless", "--only-summary", "--skip-log-setup"),
                *("--locustfile", shipped("locustfiles/new_connection.py"), "--host", f"http://{target}"),
                *("--users", str(clients), "--spawn-rate", str(clients)),  # a rate per second: they start all at once
                *("--html", HTML_FILE, "--evenly-folder", "."),
                cwd=folder,
                stdout=subprocess.DEVNULL,
                stderr=log.fileno(),
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def rows(self) -> tuple[Row, ...]:
        """The attempts in the ledger so far, in order of start; while the load runs, those up to its last look."""
        path = self.folder / ROWS_FILE
        return read_rows(path) if path.exists() else ()

    def release(self, plan: LoadPlan) -> None:
        """Let the load begin; a Locust that has crashed by then says so in ``wait``."""
        self._released = True
        self._tell(plan.to_line())

    def wait(self, timeout_s: float = END_LIMIT_S) -> Summary:
        """Wait until the load has ended by itself, and return its summary; the rows are complete then.

        Raises EvenlyError, with the last lines of Locust's log, when it crashed, was killed or does not end in time; and when
        it could not write its rows.
        """
        try:
            self._program.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.stop()
            raise EvenlyError(
                f"the load did not end within {timeout_s:g} s; {len(self.rows)} attempts were made{self._last_log_lines()}",
                f"see whether the machine is overloaded, then run again; what was seen is in {self.folder}",
            ) from None
        code, summary = self._program.returncode, self.folder / SUMMARY_FILE
        if code > EXIT_CODE_UNWRITTEN:
            raise unwritten(self.folder / ROWS_FILE, os.strerror(code - EXIT_CODE_UNWRITTEN))
        if code != 0 or not summary.exists():
            raise EvenlyError(
                f"Locust {_ended(code)}; {len(self.rows)} attempts were made{self._last_log_lines()}",
                "look whether memory ran out: dmesg | grep -i 'out of memory'; if so, free some or use fewer --clients"
                if code == -signal.SIGKILL
                else f"read what Locust said in {self.folder / LOG_FILE}, then run again",
            )
        return Summary.from_json(summary.read_text(encoding="utf-8"))

    def stop(self) -> None:
        """End the load now: attempts in flight still end, and rows and Locust's report are kept; without effect once ended."""
        if self._released:
            process.stop(self._program, signal.SIGINT, grace_s=STOP_GRACE_S)
        else:
            process.stop(self._program)  # it has done nothing that could be lost
            self._tell("")

    def _tell(self, text: str) -> None:
        assert self._program.stdin  # noqa: S101 - process.start always makes it a pipe
        with suppress(BrokenPipeError):
            self._program.stdin.write(text)
            self._program.stdin.close()

    def _last_log_lines(self) -> str:
        return process.tail((self.folder / LOG_FILE).read_text(encoding="utf-8", errors="replace"))


def _ended(code: int) -> str:
    return f"ended with exit code {code}{f' ({signal.Signals(-code).name})' if code < 0 else ''}" if code else "ended too early"


def _without_locust_variables() -> tuple[str, ...]:
    """Return the words that start a program without the LOCUST_* variables of somebody's own load tests."""
    variables = [name for name in os.environ if name.startswith("LOCUST_")]
    return ("env", *(word for name in variables for word in ("-u", name))) if variables else ()
