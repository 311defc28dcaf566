"""Locust as a program of its own: started early, released by one line, ended in good order."""

import os
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Self

from evenly import process
from evenly.errors import EvenlyError
from evenly.files import unwritten, writing
from evenly.load.distributed.meeting import Meeting
from evenly.load.plan import EXIT_CODE_UNWRITTEN, LOAD_LIMIT_S, MET_FILE, ROWS_FILE, SUMMARY_FILE, T0_FILE, LoadPlan, Summary
from evenly.load.rows import Row, RowReader
from evenly.shipped import shipped

CLIENTS = 20

END_LIMIT_S = 30.0
"""From the load's own limit to the end of the process: its longest attempt (10 s), and Locust's report."""

STOP_GRACE_S = 15.0
"""From SIGINT to the end of the process: the attempts in flight end (10 s at most), and Locust writes its report."""

LOOPBACK = "127.0.0.1"

NEW_CONNECTION = "locustfiles/new_connection.py"
KEEP_ALIVE = "locustfiles/keep_alive.py"
KEEP_OPEN = "locustfiles/keep_open.py"
KEPT = frozenset({KEEP_ALIVE, KEEP_OPEN})
"""Those whose connections are meant to carry several attempts."""

HTML_FILE = "locust.html"
LOG_FILE = "locust.log"


class LocustProcess:
    """A Locust process that waits for its plan, sends the load, and ends by itself; as a context manager it is always ended.

    ``target`` is an address and port, ``host`` what the plan has the requests' Host header say, ``clients`` how many attempts
    are under way at a time. Starting takes Locust 0.3 to 1 s, beside whatever the caller does until ``release``. ``folder`` is
    made if need be, and gets rows.csv, summary.json, locust.html and locust.log. ``locustfile`` is one of evenly's
    (``NEW_CONNECTION``, ``KEPT``) or the path of somebody's own, which runs in this process's folder, with its imports
    and files. Several ``workers`` are as many processes that share the clients; they send ``NEW_CONNECTION`` only. With a
    ``meeting`` they come to it from elsewhere, else they are of this machine. Raises EvenlyError when Locust is not installed,
    when the locustfile is not there or cannot be shared, and when the folder cannot be written.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - what a load is sent by
        self,
        target: str,
        folder: Path,
        clients: int = CLIENTS,
        locustfile: str | Path = NEW_CONNECTION,
        workers: int = 1,
        meeting: Meeting | None = None,
    ) -> None:
        if find_spec("locust") is None:
            raise EvenlyError("Locust is not installed beside evenly", f"{sys.executable} -m pip install locust")
        self.target = target
        self.host = ""
        self.folder = folder.absolute()
        self._ledger = RowReader(self.folder / ROWS_FILE)
        self.clients = clients
        self.locustfile = str(locustfile)
        self._own = self.locustfile not in {NEW_CONNECTION, *KEPT}
        self._path = _path_of_own(Path(locustfile)) if self._own else shipped(self.locustfile)
        self.workers = workers
        self.meeting = meeting
        if workers > 1 or meeting:
            _check_workers(workers, clients, self.locustfile)
        self._workers_ended = meeting is not None  # they are others' to end
        self._released = False
        self._longest_s = LOAD_LIMIT_S
        with writing(folder / LOG_FILE):
            folder.mkdir(parents=True, exist_ok=True)
            log = (folder / LOG_FILE).open("w", encoding="utf-8")
        with log:
            self._program = process.start(
                *_without_locust_variables(),
                *(sys.executable, "-m", "evenly.load.locust.user_locustfile" if self._own else "locust"),
                *("--headless", "--only-summary", "--skip-log-setup"),
                *("--locustfile", self._path, "--host", f"http://{target}"),
                *("--users", str(clients), "--spawn-rate", str(clients)),  # a rate per second: they start all at once
                *self._whereabouts,
                *(_meeting(meeting, workers) if meeting else _distributed(workers) if workers > 1 else ()),
                cwd=None if self._own else self.folder,
                stdout=subprocess.DEVNULL,
                stderr=log.fileno(),
            )

    @property
    def has_ids(self) -> bool:
        """Whether each attempt carries its id: those of evenly's own locustfiles do."""
        return not self._own

    @property
    def met(self) -> bool:
        """Whether all workers have come to the meeting."""
        return (self.folder / MET_FILE).exists()

    @property
    def runs(self) -> bool:
        """Whether the process has not ended."""
        return self._program.poll() is None

    @property
    def _whereabouts(self) -> tuple[str, ...]:
        """Name the places where Locust writes; and keep a run-time in somebody's own locust.conf from ending the load."""
        if not self._own:
            return "--html", HTML_FILE, "--evenly-folder", "."
        html = str(self.folder / HTML_FILE)
        return "--html", html, "--evenly-folder", str(self.folder), "--run-time", "24h"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def rows(self) -> tuple[Row, ...]:
        """The attempts in the ledger so far, in order of start; while the load runs, those up to its last look."""
        return self._ledger.rows()

    @property
    def t0_ns(self) -> int:
        """The machine's monotonic clock at the first start, once there are rows; their times count from then."""
        return int((self.folder / T0_FILE).read_text(encoding="ascii"))

    def release(self, plan: LoadPlan) -> None:
        """Let the load begin; a Locust that has crashed by then says so in ``wait``."""
        self._released = True
        self._longest_s = plan.longest_s
        self.host = plan.host
        self.target = plan.target or self.target
        self._tell(plan.to_line())

    def wait(self, limit_s: float | None = None) -> Summary:
        """Wait until the load has ended by itself, and return its summary; the rows are complete then.

        ``limit_s`` is how long, as a rule what the plan may take and ``END_LIMIT_S`` more. Raises EvenlyError, with the last
        lines of Locust's log, when it crashed, was killed or does not end in time; and when it could not write its rows.
        """
        limit_s = limit_s or self._longest_s + END_LIMIT_S
        try:
            self._program.wait(limit_s)
            self._end_workers()
        except subprocess.TimeoutExpired:
            self.stop()
            raise EvenlyError(
                f"the load did not end within {limit_s:g} s; {len(self.rows)} attempts were made{self._last_log_lines()}",
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
                else f"mend {self._path}; it must run by itself: locust -f {self._path}"
                if self._own
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
        self._end_workers()

    def _end_workers(self) -> None:
        """End those that hang, or whose master was killed; they are of its group, whose number is another's some time after."""
        if self.workers > 1 and not self._workers_ended:
            self._workers_ended = True
            with suppress(ProcessLookupError):
                os.killpg(self._program.pid, signal.SIGKILL)

    def _tell(self, text: str) -> None:
        assert self._program.stdin  # noqa: S101 - process.start always makes it a pipe
        if self._program.stdin.closed:
            return  # it was told before
        with suppress(BrokenPipeError):
            self._program.stdin.write(text)
            self._program.stdin.close()

    def _last_log_lines(self) -> str:
        return process.tail((self.folder / LOG_FILE).read_text(encoding="utf-8", errors="replace"))


def _path_of_own(locustfile: Path) -> Path:
    """Return the whole path of somebody's own locustfile; Locust separates names by commas, and takes a folder for many."""
    if not locustfile.is_file() or locustfile.suffix != ".py":
        raise EvenlyError(f"{locustfile} is no locustfile", "name one Python file, with users that Locust can run")
    if "," in str(locustfile.absolute()):
        raise EvenlyError(f"{locustfile.absolute()} has a comma, where Locust ends a name", "rename it, or move it elsewhere")
    return locustfile.absolute()


def _check_workers(workers: int, clients: int, locustfile: str) -> None:
    if locustfile != NEW_CONNECTION:
        raise EvenlyError(
            f"{locustfile} is sent by one process, and {workers} workers are asked for",
            f"leave --workers out, or send {NEW_CONNECTION}",
        )
    if workers > clients:
        raise EvenlyError(f"{workers} workers cannot share {clients} clients", "use fewer --workers, or more --clients")


def _distributed(workers: int) -> tuple[str, ...]:
    """Return the words for Locust's own distributed mode, on this machine and on a port that is free."""
    with socket.create_server((LOOPBACK, 0)) as free:
        port = str(free.getsockname()[1])
    return (
        *("--processes", str(workers), "--evenly-workers", str(workers)),
        *("--master-bind-host", LOOPBACK, "--master-bind-port", port, "--master-host", LOOPBACK, "--master-port", port),
    )


def _meeting(meeting: Meeting, workers: int) -> tuple[str, ...]:
    """Return the words for Locust's own distributed mode, with workers that come from elsewhere."""
    return (
        *("--master", "--expect-workers", str(workers), "--evenly-meeting", str(meeting)),
        *("--master-bind-host", meeting.address, "--master-bind-port", str(meeting.locust_port)),
    )


def _ended(code: int) -> str:
    return f"ended with exit code {code}{f' ({signal.Signals(-code).name})' if code < 0 else ''}" if code else "ended too early"


def _without_locust_variables() -> tuple[str, ...]:
    """Return the words that start a program without the LOCUST_* variables of somebody's own load tests."""
    variables = [name for name in os.environ if name.startswith("LOCUST_")]
    return ("env", *(word for name in variables for word in ("-u", name))) if variables else ()
