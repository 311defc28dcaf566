"""Programs that outlive the run that starts them: each with a folder for its log and its process id."""

import os
import select
import signal
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from evenly.errors import EvenlyError
from evenly.process import run

UP_LIMIT_S = 30.0
END_LIMIT_S = 20.0
COMMAND_LIMIT_S = 60.0
POLL_S = 0.02
LOG_LINES_SHOWN = 12


def start(program: Path, *arguments: str | Path, socket: Path, home: Path, env: Mapping[str, str]) -> None:
    """Start a program in the background and return when it has made its ``socket``.

    Raises EvenlyError with its last words when it ends before that, or takes too long.
    """
    socket.unlink(missing_ok=True)
    log, pid = home / f"{program.name}.log", home / f"{program.name}.pid"
    log.write_text("")
    run(
        *("start-stop-daemon", "--start", "--background", "--output", log),
        *("--make-pidfile", "--pidfile", pid, "--exec", program, "--", *arguments),
        timeout_s=COMMAND_LIMIT_S,
        env=env,
    )
    deadline = time.monotonic() + UP_LIMIT_S
    process = os.pidfd_open(int(pid.read_text()))
    try:
        while not socket.exists():
            ended, _, _ = select.select([process], [], [], POLL_S)  # readable when the program has ended
            if ended or time.monotonic() > deadline:
                raise failed(program.name, home)
    finally:
        os.close(process)


def stop(name: str, home: Path) -> None:
    """End a program and return when it has ended; nothing to do where it has not been started."""
    path = home / f"{name}.pid"
    if not path.exists():
        return
    pid = int(path.read_text())
    with suppress(ProcessLookupError):  # it has ended by itself
        process = os.pidfd_open(pid)
        try:
            if Path(f"/proc/{pid}/comm").read_text().strip() == name:  # the number may be another program's by now
                for number in (signal.SIGTERM, signal.SIGKILL):
                    signal.pidfd_send_signal(process, number)
                    if select.select([process], [], [], END_LIMIT_S)[0]:
                        break
        finally:
            os.close(process)
    path.unlink()


def failed(name: str, home: Path) -> EvenlyError:
    """Return the error for a program that did not come up, with its last words."""
    log = home / f"{name}.log"
    words = "".join(f"\n  | {line[:200]}" for line in log.read_text().splitlines()[-LOG_LINES_SHOWN:])
    return EvenlyError(
        f"{name} of the private Docker engine did not come up within {UP_LIMIT_S:g} s; its last words:{words}",
        f"the whole log is {log}; or start a Docker of your own",
    )
