"""Bad days of a suite on a cluster that is kept: wrong manifests, sick backends, a Locust that dies, no room for reports."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from evenly.cluster import down
from evenly.cluster.cache.cache import Cache
from evenly.offline.supplier import OfflineSupplier
from evenly.progress import Progress
from evenly.shipped import shipped
from soak.conftest import Start, starter
from soak.test_bad_days import expect, mounted

TEST = """\
from evenly import PASS

def test_three_pods_share_evenly(service):
    assert service("spring-service.yaml").load() == PASS
"""

Edit = Callable[[str], str]


@pytest.fixture(scope="module")
def kept(cache: Cache, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A cluster that stays for all days of this file."""
    with ExitStack() as stack:
        stack.callback(down, cache.root, Progress(), OfflineSupplier())
        start = starter(stack, tmp_path_factory.mktemp("kept"))
        ended = start("--keep-cluster", "-k", "three_pods").end()
        assert ended.code == 0, ended.text
        yield


@pytest.fixture
def on_kept(kept: None, scratch: Path) -> Iterator[Start]:  # noqa: ARG001 - it is used through the cache
    with ExitStack() as stack:
        yield starter(stack, scratch)


def suite_with(folder: Path, manifest: str, edit: Edit) -> Path:
    """Write a suite whose manifest differs from evenly's own as ``edit`` says."""
    (folder / manifest).write_text(edit(shipped(f"manifests/{manifest}").read_text()))
    test = folder / "test_mine.py"
    test.write_text(TEST)
    return test


def replaced(old: str, new: str) -> Edit:
    def edit(text: str) -> str:
        assert old in text
        return text.replace(old, new)

    return edit


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (replaced("nodePort:", "nordPort:"), 'unknown field "spec.ports[0].nordPort"'),
        (lambda text: f"{text}---\n{text}", "holds 2 objects of kind Service, not one"),
        (lambda _: "# nothing\n", "holds no Kubernetes object"),
        (replaced("nodePort: 30000", "nodePort: 80"), "The range of valid ports is 30000-32767"),
        (replaced("nodePort: 30000", "nodePort: 30007"), "its nodePort is 30007"),
    ],
    ids=["unknown field", "two documents", "none", "port out of range", "another port"],
)
def test_a_wrong_manifest_is_told_with_its_place(on_kept: Start, scratch: Path, edit: Edit, message: str) -> None:
    test = suite_with(scratch, "spring-service.yaml", edit)
    expect(on_kept(tests=test, cwd=scratch).end(), message)


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (replaced("path: /healthz", "scheme: HTTPS\n              path: /healthz"), "server gave HTTP response"),
        (replaced("exec nginx -c", "exit 3; nginx -c"), "CrashLoopBackOff"),
        (replaced("containers:\n", "nodeSelector: {disk: none}\n      containers:\n"), "node affinity/selector"),
        (replaced("image: nginx:1.26", "image: nginx:0.0"), "ImagePull"),
    ],
    ids=["never ready", "crashing", "unschedulable", "no such image"],
)
def test_a_sick_backend_is_named_with_the_clusters_words(on_kept: Start, scratch: Path, edit: Edit, words: str) -> None:
    test = suite_with(scratch, "backend.yaml", edit)
    ended = on_kept("--converge-s", "10", tests=test, cwd=scratch).end()
    assert ended.code != 0
    assert "backend-app-" in ended.text
    assert words in ended.text
    assert "Traceback" not in ended.text


def test_a_cluster_that_is_named_is_used_and_stays(on_kept: Start, cache: Cache, scratch: Path) -> None:
    (kubeconfig,) = (cache.root / "clusters").glob("*.kubeconfig")
    test = suite_with(scratch, "backend.yaml", replaced("image: nginx:1.26", "image: evenly/nginx:1.26"))
    context = ("--context", f"kind-{kubeconfig.stem}", "--kubeconfig", kubeconfig)
    for _ in range(2):  # the first leaves the cluster as it was
        ended = on_kept(*context, tests=test, cwd=scratch).end()
        assert ended.code == 0, ended.text
    assert kubeconfig.exists()


def test_a_locust_that_is_killed_is_told_with_what_it_had_done(on_kept: Start, scratch: Path) -> None:
    run = on_kept("-k", "three_pods")
    while not list(scratch.glob("reports/*/evidence/*/rows.csv")):
        assert not run.ended_within(0.01), run.text
    os.kill(_locust(scratch), signal.SIGKILL)
    expect(run.end(), "Locust ended with exit code -9")


@pytest.mark.parametrize("options", ["size=40k", "ro"], ids=["full", "read-only"])
def test_reports_that_cannot_be_written_are_told(on_kept: Start, scratch: Path, options: str) -> None:
    with mounted(scratch / "reports", options):
        ended = on_kept("-k", "three_pods").end()
        expect(ended, "No space left on device" if options != "ro" else "Read-only file system")


def _locust(folder: Path) -> int:
    """Return the process that loads for the run with this folder."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if str(folder) in str((process / "cwd").readlink()) and b"locust" in (process / "cmdline").read_bytes():
                return int(process.name)
        except OSError:  # it has ended
            continue
    raise AssertionError("no Locust runs")
