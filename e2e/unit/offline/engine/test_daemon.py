"""A program that outlives its run is started once it answers, and ended by its own id."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from evenly.errors import EvenlyError
from evenly.offline.engine import daemon

pytestmark = pytest.mark.skipif(not shutil.which("start-stop-daemon"), reason="private engines exist on Debian only")

PROGRAM = """\
#!{python}
import socket, sys, time
print("starting", flush=True)
if sys.argv[1] == "fail":
    sys.exit("no cgroup here")
server = socket.socket(socket.AF_UNIX)
server.bind(sys.argv[1])
time.sleep(60)
"""


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "server"
    path.write_text(PROGRAM.format(python=sys.executable))
    path.chmod(0o755)
    yield path
    daemon.stop("server", tmp_path)


def test_a_started_program_has_its_socket_and_runs_until_it_is_stopped(tmp_path: Path, program: Path) -> None:
    socket = tmp_path / "socket"
    daemon.start(program, socket, socket=socket, home=tmp_path, env={})
    pid = int((tmp_path / "server.pid").read_text())
    assert socket.exists()
    assert Path(f"/proc/{pid}/stat").read_text().split()[2] in "RSD"
    daemon.stop("server", tmp_path)
    gone = not Path(f"/proc/{pid}").exists()
    assert gone or Path(f"/proc/{pid}/stat").read_text().split()[2] == "Z"  # ended, but its parent has not noticed yet
    assert not (tmp_path / "server.pid").exists()


def test_a_program_that_ends_at_once_is_reported_with_its_last_words(tmp_path: Path, program: Path) -> None:
    with pytest.raises(EvenlyError, match=r"did not come up(?s:.)*no cgroup here"):
        daemon.start(program, "fail", socket=tmp_path / "socket", home=tmp_path, env={})


def test_a_number_that_is_another_programs_by_now_is_left_alone(tmp_path: Path) -> None:
    with subprocess.Popen(["sleep", "60"]) as other:  # noqa: S607 - any sleep will do
        (tmp_path / "server.pid").write_text(f"{other.pid}\n")
        daemon.stop("server", tmp_path)
        assert other.poll() is None
        other.kill()


def test_a_program_that_has_ended_by_itself_is_no_error(tmp_path: Path) -> None:
    with subprocess.Popen(["true"]) as ended:  # noqa: S607 - any program that ends
        pass
    assert not Path(f"/proc/{ended.pid}").exists()
    (tmp_path / "server.pid").write_text(f"{ended.pid}\n")
    daemon.stop("server", tmp_path)
    daemon.stop("server", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_starting_and_stopping_leaves_no_file_open(tmp_path: Path, program: Path) -> None:
    def now_open() -> int:
        daemon.start(program, tmp_path / "socket", socket=tmp_path / "socket", home=tmp_path, env={})
        daemon.stop("server", tmp_path)
        return len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - names alone: its own has gone by the time one looks

    assert now_open() == now_open()
