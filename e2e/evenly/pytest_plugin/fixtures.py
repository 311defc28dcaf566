"""The pytest fixtures: a cluster, a run, and Services under test. Thin, over service.py."""

import re
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import replace
from functools import partial
from importlib import import_module
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

import pytest

from evenly.errors import EvenlyError, NotApplicableError
from evenly.judge.verdict import Word
from evenly.progress import Progress
from evenly.pytest_plugin.interrupts import Interrupts
from evenly.pytest_plugin.markers import sentence
from evenly.settings import Settings

# The client of Kubernetes takes a second to import; a run of somebody's tests that use no cluster is not to pay for it.
if TYPE_CHECKING:
    from evenly.cluster import Cluster
    from evenly.k8s.namespace import Namespace
    from evenly.k8s.request_path.path import Path as Way
    from evenly.results.schema import Exhibit
    from evenly.scenario.adopt import Existing
    from evenly.scenario.load_balancer import LoadBalancer
    from evenly.scenario.record import Scenario
    from evenly.scenario.run import Run
    from evenly.scenario.service import ServiceUnderTest
    from evenly.scenario.terminal import Terminal
    from evenly.scenario.testbed import Bench

SETTINGS = pytest.StashKey[Settings]()
INTERRUPTS = pytest.StashKey[Interrupts]()
COMMAND = pytest.StashKey[str]()
RUN = pytest.StashKey["Run"]()
SHOWN = pytest.StashKey[list["Exhibit"]]()
SECONDS = pytest.StashKey[float]()

BACKEND = "backend.yaml"
PYTEST_KIND_DEFAULT_NAME = "pytest-kind"  # says that no name was given


@pytest.fixture(scope="session")
def evenly_run(request: pytest.FixtureRequest) -> "Run":
    """The run: a folder below reports/ and the record that every scenario is added to."""
    from evenly.scenario.run import begin

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
        stack.callback(signal.signal, signal.SIGTERM, signal.signal(signal.SIGTERM, config.stash[INTERRUPTS]))
        with set_up(config):
            opened = stack.enter_context(_opened(config, evenly_run))
            evenly_run.progress.say(opened.description)
        yield opened
        with told(config):
            stack.close()


@pytest.fixture(scope="session")
def bench(request: pytest.FixtureRequest, cluster: "Cluster", evenly_run: "Run") -> "Bench":
    """What every scenario of the run stands on."""
    from evenly.scenario.testbed import Bench

    with set_up(request.config):
        return Bench.of(cluster, evenly_run, request.config.stash[SETTINGS])


@pytest.fixture
def service(request: pytest.FixtureRequest, bench: "Bench") -> Iterator[Callable[..., "ServiceUnderTest"]]:
    """Applies a Service's manifest, with the backend, in a namespace of its own, and returns the Service under test.

    ``also`` is a manifest beside them, ``wanted`` are Deployments of it whose pods are to answer, too. With ``client_pods``
    loads come from so many pods of the cluster, else from this machine. ``options`` are the run's that this Service has
    otherwise, such as ``workers_in_cluster=2``.
    """
    from evenly.scenario.service import ServiceUnderTest

    scenario = _scenario(request.node)
    with ExitStack() as stack:

        def opened(
            manifest: str,
            also: str | None = None,
            *,
            backend: str = BACKEND,
            wanted: tuple[str, ...] = (),
            client_pods: int = 0,
            **options: Any,  # noqa: ANN401 - each of its own type
        ) -> ServiceUnderTest:
            files = (backend, manifest, *([also] if also else []))
            own = replace(bench, settings=replace(bench.settings, **options)) if options else bench
            return stack.enter_context(ServiceUnderTest(own, scenario, files, wanted=wanted, client_pods=client_pods))

        yield opened


@pytest.fixture
def existing(request: pytest.FixtureRequest, bench: "Bench") -> Iterator[Callable[..., "Existing"]]:
    """Returns a Service that is in the cluster already, ``existing("namespace/name", identify=header("X-Pod"))``."""
    from evenly.scenario.adopt import Existing

    scenario = _scenario(request.node)
    with ExitStack() as stack:
        yield lambda name, *, identify: stack.enter_context(Existing(bench, scenario, name, identify))


@pytest.fixture
def several_nodes(cluster: "Cluster") -> None:
    """Makes sure that the cluster has more than one node; what is said of nodes is not applicable where it has not."""
    if len(cluster.doors) == 1:
        raise NotApplicableError(f"this cluster has no node but {cluster.doors[0][0]}", "have two nodes or more")


@pytest.fixture
def load_balancer(bench: "Bench") -> Iterator[Callable[..., "LoadBalancer"]]:
    """Puts a load balancer before a Service under test: HAProxy on the nodes' network, or the provider of your cluster."""
    from evenly.scenario.load_balancer import before

    with ExitStack() as stack:

        def put(spread: "ServiceUnderTest", favours: str = "") -> "LoadBalancer":
            return stack.enter_context(before(spread, bench, favours))

        yield put


@pytest.fixture
def no_provider(bench: "Bench") -> Callable[["ServiceUnderTest"], None]:
    """Makes sure that nobody gives a Service an external address; where your cluster has a provider, that is not applicable."""
    from evenly.scenario.load_balancer import check_no_provider

    return partial(check_no_provider, bench=bench)


@pytest.fixture
def namespace(request: pytest.FixtureRequest, bench: "Bench") -> Iterator["Namespace"]:
    """An empty namespace of the test's own, which is taken away with all that the test puts into it."""
    from evenly.k8s.namespace import create, take_away

    made = create(bench.api, bench.run.run_id, f"own-{_name(request.node)}")  # a Service under test has another
    yield made
    take_away(made)


@pytest.fixture
def kubectl(cluster: "Cluster") -> Callable[..., str]:
    """Runs kubectl on the run's cluster, ``kubectl(*args, stdin=None)``, and returns what it prints."""
    return cluster.kubectl


@pytest.fixture
def terminal(
    cluster: "Cluster", kubectl: Callable[..., str], namespace: "Namespace", show: Callable[[str, str], None]
) -> Iterator["Terminal"]:
    """Types commands in the test's own namespace, as a person would, and shows them with what came back."""
    from evenly.scenario.deploy import IMAGE_IN_MANIFESTS
    from evenly.scenario.terminal import Terminal

    image = cluster.backend_image or IMAGE_IN_MANIFESTS
    opened = Terminal(kubectl, namespace.name, written=IMAGE_IN_MANIFESTS, image=image)
    yield opened
    show("What was typed, and what came back", opened.transcript)


@pytest.fixture
def show(request: pytest.FixtureRequest, evenly_run: "Run") -> "Callable[[str, str | Way], None]":  # noqa: ARG001 - its record is the place
    """Adds an exhibit to the test's record and to the page: a title, and a transcript, or a request's way, which is drawn."""
    from evenly.results.schema import Exhibit

    shown = request.node.stash.setdefault(SHOWN, [])

    def add(title: str, seen: "str | Way") -> None:
        if isinstance(seen, str):
            shown.append(Exhibit(title, seen))
        else:
            from evenly.scenario.attachment import exhibit

            shown.append(exhibit(title, seen))

    return add


@pytest.fixture(autouse=True)
def _timed(request: pytest.FixtureRequest) -> Iterator[None]:
    """Time what is the test's own: pytest sets up before this, and takes away after it, whatever several tests share."""
    began_s = time.monotonic()
    yield
    request.node.stash[SECONDS] = time.monotonic() - began_s


def _scenario(test: pytest.Function) -> "Scenario":
    from evenly.scenario.record import Scenario

    return Scenario(_name(test), test=test.nodeid, claim=sentence(test))


def _name(test: pytest.Function) -> str:
    """Return a test's name as one that a folder can have."""
    return re.sub(r"\W+", "_", test.name.removeprefix("test_")).strip("_")


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
            config.stash[INTERRUPTS].check()
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
    Thread(
        target=import_module, args=("evenly.scenario.service",), daemon=True
    ).start()  # a second's work, while kind does its own
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
