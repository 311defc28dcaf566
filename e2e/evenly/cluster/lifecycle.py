"""Brings a kind cluster up for a run, and leaves nothing behind: no container, network, engine or record."""

import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from evenly.cluster import doors, records, tools
from evenly.cluster.cache import Cache
from evenly.cluster.cluster import Cluster
from evenly.cluster.engine import Engine, find
from evenly.cluster.key import key
from evenly.cluster.kind import Kind, configuration, end_orphan
from evenly.cluster.offline import engine as private_engine
from evenly.cluster.records import Made
from evenly.cluster.registry import shown
from evenly.cluster.supplies import Supplies, image_id, obtain
from evenly.errors import EvenlyError
from evenly.process import ProgramError
from evenly.progress import Progress
from evenly.settings import ClusterFrom, ProxyMode

DOCKER_LIMIT_S = 60.0
LABEL = "io.x-k8s.kind.cluster"  # on each node; see pkg/cluster/internal/providers/docker/constants.go of kind
NETWORK = "kind"


@dataclass(frozen=True, slots=True)
class ClusterOptions:
    """What a run may say about its cluster; ``config`` is kind's own configuration file.

    Without ``name`` and ``kubeconfig`` both are the run's own. ``node_image`` and ``kind`` replace what kind's release
    would take, and the program that is found or fetched.
    """

    run_id: str
    cache: Path
    config: Path
    cluster_from: ClusterFrom = ClusterFrom.AUTO
    proxy_mode: ProxyMode = ProxyMode.IPTABLES
    keep: bool = False
    name: str | None = None
    kubeconfig: Path | None = None
    node_image: str | None = None
    kind: Path | None = None


@contextmanager
def open_cluster(options: ClusterOptions, progress: Progress) -> Iterator[Cluster]:
    """Give a cluster of three nodes: one that an earlier run kept, or a new one, deleted at the end unless kept.

    Raises EvenlyError when another run has the machine's doors, when no engine or no image can be had, or when kind fails.
    """
    cache = Cache(options.cache, progress)
    with ExitStack() as stack:
        stack.enter_context(_alone(cache))
        if not records.everything(cache):  # else a cluster of ours may hold the doors, which is used or removed below
            doors.check_free()
        engine = stack.enter_context(_engine(cache, progress))
        supplies = obtain(cache, engine, options.cluster_from, progress, options.node_image)
        program = options.kind or supplies.kind or tools.kind(cache, progress)
        images = (image_id(engine, image) for image in (supplies.node_image, supplies.backend_image))
        config = configuration(options.config, options.proxy_mode)
        made_of = key([config, *images])
        kept = _reusable(cache, engine, options, made_of, progress)
        made = kept or _planned(cache, engine, options, made_of)
        kind = Kind(made.name, Path(made.kubeconfig), kind=program, image=supplies.node_image, env=engine.env)
        if kept:
            kind.connect()
        else:
            doors.check_free()  # again: by now minutes may have passed, and clusters been removed
            kind.check_name_free()
            stack.enter_context(_new(kind, made, cache, engine, progress))
            with progress.step("create a kind cluster of three nodes", usually_s=20):
                kind.create(config)
                if not supplies.kind:  # built nodes hold the backend's image already
                    with suppress(ProgramError):  # kind cannot load from every image store; then the nodes pull it
                        kind.load_docker_image(supplies.backend_image)
            if options.keep:
                made = replace(made, kept=True)
                records.remember(cache, made)
        yield _described(made, kind, engine, supplies)


def down(cache_folder: Path, progress: Progress) -> None:
    """Remove what earlier runs kept or left: clusters, and the private engine with all that it changed on the machine."""
    cache = Cache(cache_folder, progress)
    with _alone(cache):
        if records.everything(cache) or private_engine.was_started(cache):
            with _engine(cache, progress) as engine:
                for made in records.everything(cache):
                    progress.say(f"removing the cluster {made.name}")
                    _remove(made, cache, engine)


@contextmanager
def _alone(cache: Cache) -> Iterator[None]:
    """Refuse to run beside another run: both would need the same doors."""

    def refuse(pid: int) -> None:
        raise EvenlyError(
            f"another run of evenly is under way (process {pid}), and both would need 127.0.0.1:{doors.NODE_PORT}",
            f"wait until it ends, or stop it: kill -INT {pid}",
        )

    with cache.lock("cluster", busy=refuse):
        cache.sweep()
        yield


@contextmanager
def _undisturbed(progress: Progress) -> Iterator[None]:
    """Put off Ctrl-C while something is taken away, until that is done: it would leave the rest of it behind."""
    put_off = False

    def later(*_: object) -> None:
        nonlocal put_off
        put_off = True
        progress.say("taking everything away first: a few seconds more")

    before = [(number, signal.signal(number, later)) for number in (signal.SIGINT, signal.SIGTERM)]
    try:
        yield
    finally:
        for number, handler in before:
            signal.signal(number, handler)
    if put_off:
        raise KeyboardInterrupt


@contextmanager
def _engine(cache: Cache, progress: Progress) -> Iterator[Engine]:
    """Give an engine; a private one is stopped at the end, unless a cluster that was kept lives in it."""
    try:
        yield find(cache, progress)
    finally:
        with _undisturbed(progress):
            if not any(made.kept for made in records.everything(cache)):
                private_engine.stop(cache, progress)


@contextmanager
def _new(kind: Kind, made: Made, cache: Cache, engine: Engine, progress: Progress) -> Iterator[None]:
    """Answer for a cluster from before its first container until after its last, unless it is kept."""
    records.remember(cache, made)
    try:
        yield
    finally:
        with _undisturbed(progress):
            if not any(known.kept for known in records.everything(cache) if known.name == made.name):
                with progress.step("delete the cluster", usually_s=2):
                    try:
                        kind.delete()
                    finally:
                        _remove(made, cache, engine)


def _planned(cache: Cache, engine: Engine, options: ClusterOptions, made_of: str) -> Made:
    name = options.name or f"evenly-{options.run_id.rpartition('-')[2].lower()}"
    kubeconfig = options.kubeconfig or records.kubeconfig(cache, name)
    if kubeconfig.exists():  # kind would write into it
        raise EvenlyError(
            f"the kubeconfig {kubeconfig} exists, and evenly did not make it",
            "name a file that does not exist with --kubeconfig, or leave the option out",
        )
    networks = engine.docker("network", "ls", "--format", "{{.Name}}", timeout_s=DOCKER_LIMIT_S).split()
    return Made(name, str(kubeconfig), made_of, options.run_id, os.getpid(), own_network=NETWORK not in networks)


def _reusable(cache: Cache, engine: Engine, options: ClusterOptions, made_of: str, progress: Progress) -> Made | None:
    """Return the kept cluster that this run would make just so; remove every other that is on record."""
    found = None
    for made in records.everything(cache):
        if made.kept and made.key == made_of and options.name in {None, made.name} and _alive(made):
            progress.say(f"using the cluster {made.name}, kept by run {made.run_id}")
            found = made
        else:
            reason = "it is no longer what this run needs" if made.kept else f"run {made.run_id} did not end in order"
            progress.say(f"removing the cluster {made.name}: {reason}")
            _remove(made, cache, engine)
    return found


def kubernetes_version(kubeconfig: Path, context: str) -> str:
    """Return the version that an API server names, or nothing when it does not answer."""
    # The client of Kubernetes takes a second to import; the fixtures have that done while kind works.
    from evenly.cluster import api  # noqa: PLC0415

    return api.kubernetes_version(api.connect(kubeconfig, context, records.certificates(kubeconfig)))


def _alive(made: Made) -> bool:
    return bool(kubernetes_version(Path(made.kubeconfig), f"kind-{made.name}"))


def _remove(made: Made, cache: Cache, engine: Engine) -> None:
    """Remove whatever the engine has of a cluster, and its record; works without kind, and on half a cluster."""
    end_orphan(Path(made.kubeconfig))
    mine = ("--filter", f"label={LABEL}={made.name}")
    if nodes := engine.docker("ps", "--all", "--quiet", *mine, timeout_s=DOCKER_LIMIT_S).split():
        engine.docker("rm", "--force", "--volumes", *nodes, timeout_s=DOCKER_LIMIT_S)
    if made.own_network:
        with suppress(ProgramError):  # somebody else's cluster may have joined it, or kind never came so far
            engine.docker("network", "rm", NETWORK, timeout_s=DOCKER_LIMIT_S)
    records.forget(cache, made)


def _described(made: Made, kind: Kind, engine: Engine, supplies: Supplies) -> Cluster:
    context = f"kind-{made.name}"
    kubernetes = kubernetes_version(Path(made.kubeconfig), context)
    kind_version = tools.version(kind.kind_path)
    whose = "a private Docker" if engine.private else "Docker"
    return Cluster(
        name=made.name,
        context=context,
        kubeconfig=Path(made.kubeconfig),
        doors=doors.of_cluster(made.name),
        backend_image=supplies.backend_image,
        description=f"kind {kind_version}, Kubernetes {kubernetes}, on {whose} {engine.version} ({engine.why}); "
        f"images {shown(supplies.node_image)} and {shown(supplies.backend_image)} ({supplies.why})",
        kept=made.kept,
        kind=kind,
        versions={"kind": kind_version, "kubernetes": kubernetes, "docker": engine.version, **supplies.digests},
    )
