"""The pytest fixtures: a cluster, a run, and Services under test. Thin, over scenario/.

They stand in one module, as pytest registers them by it.
"""

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
from typing import TYPE_CHECKING, Unpack

import pytest

from evenly import shipped
from evenly.errors import EvenlyError, NotApplicableError
from evenly.judge.verdict import Word
from evenly.progress import Progress
from evenly.pytest_plugin.calls import BACKEND, DeployService, Kubectl, Options, PutLoadBalancer, Show, UseExisting, check_names
from evenly.pytest_plugin.interrupts import Interrupts
from evenly.pytest_plugin.markers import sentence
from evenly.settings import Settings, with_options

# The client of Kubernetes takes a second to import; a test run that uses no cluster should not pay for it.
if TYPE_CHECKING:
    from evenly.cluster import Cluster
    from evenly.k8s.namespace import Namespace
    from evenly.k8s.request_path.path import Path as RequestPath
    from evenly.load.identify import Identify
    from evenly.results.schema import Attachment
    from evenly.scenario.existing import ExistingService
    from evenly.scenario.load_balancer import LoadBalancer
    from evenly.scenario.record import Scenario
    from evenly.scenario.run import Run
    from evenly.scenario.service import ServiceUnderTest
    from evenly.scenario.terminal import Terminal
    from evenly.scenario.testbed import Testbed

SETTINGS = pytest.StashKey[Settings]()
INTERRUPTS = pytest.StashKey[Interrupts]()
COMMAND = pytest.StashKey[str]()
RUN = pytest.StashKey["Run"]()
ATTACHMENTS = pytest.StashKey[list["Attachment"]]()
SECONDS = pytest.StashKey[float]()

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
def testbed(request: pytest.FixtureRequest, evenly_run: "Run") -> Iterator["Testbed"]:
    """What every scenario of the run stands on: a kind cluster of three nodes made for this run (or kept by an earlier one), or
    the cluster of ``--context``.
    """
    config = request.config
    with ExitStack() as stack:
        # SIGTERM is to end as Ctrl-C does; by itself it would leave the cluster behind for the next run to find
        stack.callback(signal.signal, signal.SIGTERM, signal.signal(signal.SIGTERM, config.stash[INTERRUPTS]))
        with set_up(config):
            opened = stack.enter_context(_opened(config, evenly_run))
        yield opened
        with told(config):
            stack.close()


@pytest.fixture(scope="session")
def cluster(testbed: "Testbed") -> "Cluster":
    """The run's cluster, which a test may ask by ``kubectl`` and ``exec``, and whose nodes' ``entries`` it may connect to."""
    return testbed.cluster


@pytest.fixture
def service(
    request: pytest.FixtureRequest, testbed: "Testbed", find_manifest: Callable[[str], Path]
) -> Iterator[DeployService]:
    """Applies a Service's manifest, with the backend, in a namespace of its own, and returns the Service under test.

    ``also`` is a manifest beside them, ``wanted`` are Deployments of it whose pods are to answer, too. With ``client_pods``
    loads come from so many pods of the cluster, else from this machine. ``options`` are the run's that this Service has
    otherwise, such as ``workers_in_cluster=2``. A second one in the same test takes the place of the first.
    """
    from evenly.scenario.deploy import Files
    from evenly.scenario.service import service_under_test

    scenario, count = _scenario(request.node), 0
    with ExitStack() as stack:

        def deployed(
            manifest: str,
            also: str | None = None,
            *,
            backend: str = BACKEND,
            wanted: tuple[str, ...] = (),
            client_pods: int = 0,
            **options: Unpack[Options],
        ) -> "ServiceUnderTest":
            nonlocal count
            check_names("service", options, DeployService.__call__)
            stack.close()  # both would have the same node port
            count += 1
            own = scenario if count == 1 else replace(scenario, name=f"{scenario.name}-{count}")
            files = Files((backend, manifest, *([also] if also else [])), wanted, client_pods)
            bed = replace(testbed, settings=with_options(testbed.settings, options)) if options else testbed
            return stack.enter_context(service_under_test(bed, own, files, find=find_manifest))

        yield deployed


@pytest.fixture
def existing(request: pytest.FixtureRequest, testbed: "Testbed") -> Iterator[UseExisting]:
    """Returns a Service that is in the cluster already, ``existing("namespace/name", identify=header("X-Pod"))``."""
    from evenly.scenario.existing import existing_service

    scenario, count = _scenario(request.node), 0
    with ExitStack() as stack:

        def found(name: str, *, identify: "Identify", **unknown: object) -> "ExistingService":
            nonlocal count
            check_names("existing", unknown, UseExisting.__call__)
            count += 1
            own = scenario if count == 1 else replace(scenario, name=f"{scenario.name}-{count}")
            return stack.enter_context(existing_service(testbed, own, name, identify))

        yield found


@pytest.fixture
def several_nodes(cluster: "Cluster") -> None:
    """Skips the test on a single-node cluster."""
    if len(cluster.entries) == 1:
        raise NotApplicableError(f"this cluster has no node but {next(iter(cluster.entries))}", "have two nodes or more")


@pytest.fixture
def load_balancer(testbed: "Testbed") -> Iterator[PutLoadBalancer]:
    """Puts a load balancer before a Service under test: HAProxy on the nodes' network, or the provider of your cluster."""
    from evenly.scenario.load_balancer import before

    with ExitStack() as stack:

        def put(svc: "ServiceUnderTest", favours: str = "") -> "LoadBalancer":
            return stack.enter_context(before(svc, testbed, favours))

        yield put


@pytest.fixture
def no_provider(testbed: "Testbed") -> Callable[["ServiceUnderTest"], None]:
    """Skips the test where the cluster's provider gives a Service an external address."""
    from evenly.scenario.load_balancer import check_no_provider

    return partial(check_no_provider, bed=testbed)


@pytest.fixture
def namespace(request: pytest.FixtureRequest, testbed: "Testbed") -> Iterator["Namespace"]:
    """An empty namespace of the test's own, which is taken away with all that the test puts into it."""
    from evenly.k8s.namespace import create, take_away

    made = create(testbed.api, testbed.run.run_id, f"own-{_name(request.node)}")  # a Service under test has another
    yield made
    take_away(made)


@pytest.fixture
def kubectl(cluster: "Cluster") -> Kubectl:
    """Runs kubectl on the run's cluster, ``kubectl(*args, stdin=None)``, and returns what it prints."""
    return cluster.kubectl


@pytest.fixture
def find_manifest(request: pytest.FixtureRequest) -> Callable[[str], Path]:
    """Finds a manifest by its name: beside the test's file, in pytest's rootdir or the working directory, or evenly's own."""
    return partial(shipped.manifest, folders=(request.path.parent, request.config.rootpath, Path.cwd()))


@pytest.fixture
def terminal(
    cluster: "Cluster", kubectl: Kubectl, namespace: "Namespace", show: Show, find_manifest: Callable[[str], Path]
) -> Iterator["Terminal"]:
    """Types commands in the test's own namespace, as a person would, and shows them with what came back."""
    from evenly.scenario.deploy import IMAGE_IN_MANIFESTS
    from evenly.scenario.terminal import Terminal

    image = cluster.backend_image or IMAGE_IN_MANIFESTS
    opened = Terminal(kubectl, namespace.name, find=find_manifest, written=IMAGE_IN_MANIFESTS, image=image)
    yield opened
    show("What was typed, and what came back", opened.transcript)


@pytest.fixture
def show(request: pytest.FixtureRequest, evenly_run: "Run") -> Show:  # noqa: ARG001 - its record is the place
    """Attaches to the test's record and to the page: a title, and a transcript, or a request's path, which is drawn."""
    from evenly.results.schema import Attachment

    attached = request.node.stash.setdefault(ATTACHMENTS, [])

    def add(title: str, seen: "str | RequestPath") -> None:
        if isinstance(seen, str):
            attached.append(Attachment(title, seen))
        else:
            from evenly.scenario.attachment import attachment

            attached.append(attachment(title, seen))

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


def _opened(config: pytest.Config, run: "Run") -> AbstractContextManager["Testbed"]:
    """Bring pytest-kind's options and ours together."""
    settings = config.stash[SETTINGS]
    kubeconfig, kind = (Path(path) if (path := config.getoption(name)) else None for name in ("kubeconfig", "kind_bin"))
    if not settings.context:  # a second's work, while kind does its own
        Thread(target=import_module, args=("evenly.scenario.service",), daemon=True).start()
    from evenly.cluster import ClusterOptions
    from evenly.scenario.testbed import made_here, of_context

    if settings.context:
        return nullcontext(of_context(kubeconfig, run, settings))
    name = config.getoption("cluster_name")
    options = ClusterOptions(
        run_id=run.run_id,
        cache=settings.cache,
        config=shipped.shipped("manifests/kind.yaml"),
        cluster_from=settings.cluster_from,
        proxy_mode=settings.proxy_mode,
        keep=config.getoption("keep_cluster"),
        name=None if name == PYTEST_KIND_DEFAULT_NAME else name,
        kubeconfig=kubeconfig,
        node_image=config.getoption("kind_image"),
        kind=kind,
    )
    return made_here(options, run, settings)
