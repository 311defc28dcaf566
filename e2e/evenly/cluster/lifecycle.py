"""Brings a kind cluster up for a run, and leaves nothing behind: no container, network, engine or record."""

import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from evenly.cluster import kind_program, records
from evenly.cluster.cache.cache import Cache
from evenly.cluster.cache.key import key
from evenly.cluster.engine import haproxy
from evenly.cluster.engine.engine import Engine
from evenly.cluster.engine_choice import find
from evenly.cluster.host import ports
from evenly.cluster.images.registry import shown
from evenly.cluster.images.sources import Sources, Supplies, image_id
from evenly.cluster.kind import Kind, configuration
from evenly.cluster.kind_cluster import KindCluster
from evenly.cluster.options import ClusterOptions
from evenly.cluster.records import ClusterRecord
from evenly.cluster.reuse import kubernetes_version, planned, remove, reusable
from evenly.cluster.supplier import Supplier
from evenly.errors import EvenlyError
from evenly.process import ProgramError
from evenly.progress import Progress


@contextmanager
def open_cluster(options: ClusterOptions, progress: Progress, supplier: Supplier) -> Iterator[KindCluster]:
    """Give a cluster of three nodes: one that an earlier run kept, or a new one, deleted at the end unless kept.

    ``supplier`` gives what this machine does not hold and nobody else gives. Raises EvenlyError when another run has the
    machine's ports, when no engine or no image can be had, or when kind fails.
    """
    cache = Cache(options.cache, progress)
    with ExitStack() as stack:
        stack.enter_context(_alone(cache))
        if not records.everything(cache):  # else a cluster of ours may hold the ports, which is used or removed below
            ports.check_free()
        engine = stack.enter_context(_engine(cache, progress, supplier))
        sources = Sources(cache, engine, options.cluster_from, progress, supplier)
        supplies = sources.obtain(options.node_image)
        program = options.kind or supplies.kind or kind_program.kind(cache, progress, supplier)
        images = (image_id(engine, image) for image in (supplies.node_image, supplies.backend_image))
        config = configuration(options.config, options.proxy_mode)
        made_of = key([config, *images])
        kept = reusable(cache, engine, options, made_of, progress)
        made = kept or planned(cache, engine, options, made_of)
        kind = Kind(made.name, Path(made.kubeconfig), kind=program, image=supplies.node_image, env=engine.env)
        if kept:
            kind.connect()
            haproxy.remove(engine, made.name)  # of a run that was killed
        else:
            ports.check_free()  # again: by now minutes may have passed, and clusters been removed
            kind.check_name_free()
            stack.enter_context(_new(kind, made, cache, engine, progress))
            with progress.step("create a kind cluster of three nodes", usually_s=20):
                kind.create(config)
                kind.check_whole(ports.of_cluster(made.name))
                if not supplies.kind:  # built nodes hold the backend's image already
                    with suppress(ProgramError):  # kind cannot load from every image store; then the nodes pull it
                        kind.load_docker_image(supplies.backend_image)
            if options.keep:
                made = replace(made, kept=True)
                records.remember(cache, made)
        yield _described(made, kind, sources, supplies)


def down(cache_folder: Path, progress: Progress, supplier: Supplier) -> None:
    """Remove what earlier runs kept or left: clusters, and the private engine with all that it changed on the machine."""
    cache = Cache(cache_folder, progress)
    with _alone(cache):
        if records.everything(cache) or supplier.engine_was_started(cache):
            with _engine(cache, progress, supplier) as engine:
                for made in records.everything(cache):
                    progress.say(f"removing the cluster {made.name}")
                    remove(made, cache, engine)


@contextmanager
def _alone(cache: Cache) -> Iterator[None]:
    """Refuse to run beside another run: both would need the same ports."""

    def refuse(pid: int) -> None:
        raise EvenlyError(
            f"another run of evenly is under way (process {pid}), and both would need 127.0.0.1:{ports.NODE_PORT}",
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
def _engine(cache: Cache, progress: Progress, supplier: Supplier) -> Iterator[Engine]:
    """Give an engine; a private one is stopped at the end, unless a cluster that was kept lives in it."""
    try:
        yield find(cache, progress, supplier)
    finally:
        with _undisturbed(progress):
            if not any(made.kept for made in records.everything(cache)):
                supplier.stop_engine(cache, progress)


@contextmanager
def _new(kind: Kind, made: ClusterRecord, cache: Cache, engine: Engine, progress: Progress) -> Iterator[None]:
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
                        remove(made, cache, engine)


def _described(made: ClusterRecord, kind: Kind, sources: Sources, supplies: Supplies) -> KindCluster:
    kubernetes, engine = kubernetes_version(Path(made.kubeconfig), f"kind-{made.name}"), sources.engine
    kind_version = kind_program.version(kind.kind_path)
    whose = "a private Docker" if engine.private else "Docker"
    return KindCluster(
        name=made.name,
        kubeconfig=Path(made.kubeconfig),
        entries=ports.of_cluster(made.name),
        backend_image=supplies.backend_image,
        description=f"kind {kind_version}, Kubernetes {kubernetes}, on {whose} {engine.version} ({engine.why}); "
        f"images {shown(supplies.node_image)} and {shown(supplies.backend_image)} ({supplies.why})",
        kept=made.kept,
        kind=kind,
        sources=sources,
        versions={"kind": kind_version, "kubernetes": kubernetes, "docker": engine.version, **supplies.digests},
    )
