"""The bad days, each for real: one clear message, the documented exit code, and nothing left behind."""

import os
import re
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp

import pytest

from evenly.cluster import down
from evenly.cluster.cache.cache import Cache
from evenly.cluster.cache.disk_errors import remove
from evenly.cluster.engine_choice import find
from evenly.offline.supplier import OfflineSupplier
from evenly.progress import Progress
from soak.conftest import Start
from soak.runs import REPOSITORY, SIGNALLED, Ended

INVALID = 11
INTERRUPTED = 130
LINES_OF_A_SCREEN = 24

KUBECONFIG = """\
current-context: mine
contexts: [{name: mine, context: {cluster: mine, user: me}}]
clusters: [{name: mine, cluster: {server: "http://127.0.0.1:1"}}]
users: [{name: me, user: {}}]
"""
FREEZERS = {"freezer.state": "FROZEN", "cgroup.freeze": "1"}  # of the first and the second version of control groups
CREATING = r"create a kind cluster of three nodes \("
CREATED = r"create a kind cluster of three nodes: done"
WAITED = r"wait for the nodes: done"


def expect(ended: Ended, message: str, code: int = INVALID) -> None:
    """Check the exit code, and that one message of at most a screen says this; people find it in the README's table."""
    assert ended.code == code, ended.text
    said = " ".join(ended.error.split())
    assert message in said, ended.text
    assert len(ended.error.splitlines()) <= LINES_OF_A_SCREEN
    assert "Traceback" not in ended.text
    assert any(re.search(row, said) for row in troubles()), f"the README's table has no row for: {said}"


def troubles() -> list[str]:
    """Return the messages of the README's table of troubles, as patterns."""
    section = (REPOSITORY / "README.md").read_text().partition("## When something is wrong")[2].partition("\n## ")[0]
    first_cells = re.findall(r"^\| (`.*?) \|", section, re.MULTILINE)
    return [re.escape(message).replace("…", ".*") for cell in first_cells for message in re.findall("`([^`]+)`", cell)]


def test_a_taken_door_is_named_with_its_holder(start: Start) -> None:
    with socket.create_server(("127.0.0.1", 30000)):
        ended = start().end()
    expect(ended, f"port 30000 of 127.0.0.1 is taken by process {os.getpid()}")


def test_a_context_that_does_not_exist_is_told_with_those_that_do(start: Start, scratch: Path) -> None:
    (scratch / "config").write_text(KUBECONFIG)
    ended = start("--context", "theirs", KUBECONFIG=str(scratch / "config")).end()
    expect(ended, "there is no context theirs")
    assert "give one of: mine" in ended.error


def test_a_small_disk_is_told_before_anything_is_built(start: Start, scratch: Path) -> None:
    with mounted(scratch / "cache", "size=2g"):
        ended = start(EVENLY_CACHE=str(scratch / "cache")).end()
        expect(ended, "10 GB")


def test_a_second_run_is_refused_and_the_first_goes_on(start: Start) -> None:
    first = start()
    first.wait_for(CREATING)
    expect(start().end(), f"another run of evenly is under way (process {first.pid})")
    assert first.end().code == 0


def test_a_creation_that_loses_a_node_is_told(start: Start, cache: Cache) -> None:
    run = start()
    run.wait_for(CREATING)
    engine = find(cache, Progress(), OfflineSupplier())
    while not (nodes := engine.docker("ps", "--quiet", "--filter", "name=worker2", timeout_s=10.0).split()):
        assert not run.ended_within(0.1), run.text
    engine.docker("rm", "--force", *nodes, timeout_s=10.0)
    # kind stumbles over it, or, where it had not yet counted its nodes, goes on with two
    expect(run.end(), "kind create cluster")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_a_build_that_is_ended_keeps_only_what_is_whole(start: Start, number: signal.Signals) -> None:
    cache = Path(mkdtemp(prefix="soak"))
    try:
        run = start("--cluster-from", "built", EVENLY_CACHE=str(cache))
        run.wait_for("Debian 12 for the nodes")
        assert not run.ended_within(5.0)
        os.kill(run.pid, number)
        assert run.end().code == SIGNALLED + number
        down(cache, Progress(), OfflineSupplier())
        assert not list(cache.glob("*.tmp"))
        assert not list(cache.glob("binaries*"))
    finally:
        remove(cache)


@pytest.mark.parametrize(
    ("moment", "then_s"),
    [(CREATING, 8.0), (CREATED, 0.3), (WAITED, 0.5)],
    ids=["creating", "waiting for the nodes", "waiting for the pods"],
)
def test_ctrl_c_leaves_nothing(start: Start, moment: str, then_s: float) -> None:
    run = start()
    run.wait_for(moment)
    assert not run.ended_within(then_s)
    run.send(signal.SIGINT)
    assert run.end().code == INTERRUPTED


def test_a_node_that_is_killed_while_a_pod_of_it_is_frozen_ends_all_the_same(start: Start) -> None:
    run = start()
    run.wait_for(CREATED)
    pods = (file for name in FREEZERS for file in Path("/sys/fs/cgroup").rglob(f"cri-containerd-*/{name}"))
    freezer = next(pods)
    freezer.write_text(FREEZERS[freezer.name])  # as runc does for a moment
    run.send(signal.SIGINT)
    assert run.end().code == INTERRUPTED


@pytest.mark.parametrize("file", ["rows.csv", "summary.json"], ids=["loading", "judging"])
def test_ctrl_c_during_a_load_still_reports_what_was_seen(start: Start, scratch: Path, file: str) -> None:
    run = start()
    while not list(scratch.glob(f"reports/*/evidence/*/{file}")):
        assert not run.ended_within(0.01), run.text
    run.send(signal.SIGINT)
    assert run.end().code == INTERRUPTED
    (record,) = scratch.glob("reports/latest/result.json")
    assert '"three_pods_share_evenly"' in record.read_text()


def test_sigterm_ends_a_run_as_ctrl_c_does(start: Start) -> None:
    run = start()
    run.wait_for(WAITED)
    os.kill(run.pid, signal.SIGTERM)
    assert run.end().code == INTERRUPTED


@pytest.mark.parametrize("moment", [CREATING, WAITED], ids=["creating", "in the first scenario"])
def test_what_a_killed_run_leaves_is_removed_by_the_next(start: Start, moment: str) -> None:
    killed = start()
    killed.wait_for(moment)
    assert not killed.ended_within(2.0)
    os.kill(killed.pid, signal.SIGKILL)
    assert killed.end().code == SIGNALLED + signal.SIGKILL
    after = start("-m", "core", "-k", "three_pods").end()
    assert after.code == 0, after.text
    assert "did not end in order" in after.text


def test_make_down_removes_what_a_killed_run_left(start: Start, cache: Cache) -> None:
    killed = start()
    killed.wait_for(WAITED)
    os.kill(killed.pid, signal.SIGKILL)
    killed.end()
    down(cache.root, Progress(), OfflineSupplier())


def test_a_damaged_cache_is_mended(start: Start, cache: Cache) -> None:
    (image,) = cache.root.glob("backend-image-*/image.tar")
    with image.open("r+b") as file:
        file.truncate(1000)
    run = start("-k", "three_pods").end()
    assert run.code == 0, run.text
    assert "damaged" in run.text


@contextmanager
def mounted(folder: Path, options: str) -> Iterator[None]:
    """Mount an empty file system in memory; needs root."""
    folder.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], check=True)  # noqa: S607 - of any machine
    try:
        yield
    finally:
        subprocess.run(["umount", folder], check=True)  # noqa: S607 - of any machine
