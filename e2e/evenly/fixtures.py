"""The pytest fixtures: a cluster, a run, and Services under test. Thin, over service.py."""

import re
import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from importlib import import_module
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

import pytest

from evenly.errors import EvenlyError
from evenly.judge.verdict import Word
from evenly.progress import Progress
from evenly.settings import Settings

# The client of Kubernetes takes a second to import; a run of somebody's tests that use no cluster is not to pay for it.
if TYPE_CHECKING:
    from evenly.cluster import Cluster
    from evenly.run import Run
    from evenly.service import Bench, ServiceUnderTest

SETTINGS = pytest.StashKey[Settings]()
COMMAND = pytest.StashKey[str]()
RUN = pytest.StashKey["Run"]()

BACKEND = "backend.yaml"
PYTEST_KIND_DEFAULT_NAME = "pytest-kind"  # says that no name was given


@pytest.fixture(scope="session")
def evenly_run(request: pytest.FixtureRequest) -> "Run":
    """The run: a folder below reports/ and the record that every scenario is added to."""
    from evenly.run import begin

    config = request.config
    with set_up(config):
        run = begin(config.stash[SETTINGS].reports, config.stash[COMMAND], _Progress(config))
    config.stash[RUN] = run
    return run


@pytest.fixture(scope="session")
def cluster(request: pytest.FixtureRequest, evenly_run: "Run") -> Iterator["Cluster"]:
    """A kind cluster of three nodes made for this run (or kept by an earlier one), or the cluster of ``--context``."""
    config = request.config
    with ExitStack() as stack:
        # SIGTERM is to end as Ctrl-C does; by itself it would leave the cluster behind for the next run to find
        stack.callback(signal.signal, signal.SIGTERM, signal.signal(signal.SIGTERM, signal.default_int_handler))
        with set_up(config):
            opened = stack.enter_context(_opened(config, evenly_run))
            evenly_run.progress.say(opened.description)
        yield opened
        with told(config):
            stack.close()


@pytest.fixture(scope="session")
def bench(request: pytest.FixtureRequest, cluster: "Cluster", evenly_run: "Run") -> "Bench":
    """What every scenario of the run stands on."""
    from evenly.service import Bench

    with set_up(request.config):
        return Bench.of(cluster, evenly_run, request.config.stash[SETTINGS])


@pytest.fixture
def service(request: pytest.FixtureRequest, bench: "Bench") -> Iterator[Callable[..., "ServiceUnderTest"]]:
    """Applies a Service's manifest, with the backend, in a namespace of its own, and returns the Service under test."""
    from evenly.observed import Scenario
    from evenly.service import ServiceUnderTest

    name = re.sub(r"\W+", "_", request.node.name.removeprefix("test_")).strip("_")  # it names a folder, too
    scenario = Scenario(name, test=request.node.nodeid, claim=claim(request.node))
    with ExitStack() as stack:

        def opened(manifest: str, also: str | None = None) -> ServiceUnderTest:
            files = (BACKEND, manifest, *([also] if also else []))
            return stack.enter_context(ServiceUnderTest(bench, scenario, files))

        yield opened


def claim(test: pytest.Function) -> str:
    """Return what a test claims: its docstring's first line, else its name read as a sentence."""
    docstring = (test.function.__doc__ or "").strip()
    sentence = docstring.split("\n")[0] or test.originalname.removeprefix("test_").replace("_", " ") + "."
    return sentence[0].upper() + sentence[1:]


@contextmanager
def told(config: pytest.Config) -> Iterator[None]:
    """Let progress reach the terminal, which pytest captures otherwise."""
    with config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
        config.pluginmanager.getplugin("terminalreporter").ensure_newline()
        yield


@contextmanager
def set_up(config: pytest.Config) -> Iterator[None]:
    """Tell of a part of the set-up; when it fails, the whole run ends, and its record says why."""
    with told(config):
        try:
            yield
        except EvenlyError as error:
            if run := config.stash.get(RUN, None):
                run.note_error("the set-up", error)
            config.pluginmanager.getplugin("terminalreporter").write_line(str(error), red=True)
            pytest.exit("the run could not be set up", returncode=Word.INVALID.exit_code)


class _Progress(Progress):
    """Progress that also reaches the terminal from within a test."""

    def __init__(self, config: pytest.Config) -> None:
        super().__init__()
        self._config = config

    def say(self, text: str) -> None:
        with told(self._config):
            super().say(text)


def _opened(config: pytest.Config, run: "Run") -> AbstractContextManager["Cluster"]:
    """Bring pytest-kind's options and ours together."""
    from evenly.cluster import ClusterOptions, open_cluster
    from evenly.shipped import shipped

    settings = config.stash[SETTINGS]
    kubeconfig, kind = (Path(path) if (path := config.getoption(name)) else None for name in ("kubeconfig", "kind_bin"))
    if settings.context:
        from evenly.cluster.api import existing

        return nullcontext(existing(settings.context, kubeconfig))
    Thread(target=import_module, args=("evenly.service",), daemon=True).start()  # a second's work, while kind does its own
    name = config.getoption("cluster_name")
    options = ClusterOptions(
        run_id=run.run_id,
        cache=settings.cache,
        config=shipped("manifests/kind.yaml"),
        cluster_from=settings.cluster_from,
        proxy_mode=settings.proxy_mode,
        keep=config.getoption("keep_cluster"),
        name=None if name == PYTEST_KIND_DEFAULT_NAME else name,
        kubeconfig=kubeconfig,
        node_image=config.getoption("kind_image"),
        kind=kind,
    )
    return open_cluster(options, run.progress)
