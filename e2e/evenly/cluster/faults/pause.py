"""Nodes that stand still: all processes of one frozen at once, as on a machine that hangs."""

from collections.abc import Iterator
from contextlib import contextmanager

from evenly.cluster.cluster import Cluster
from evenly.cluster.engine.engine import Engine
from evenly.cluster.kind import LABEL

DOCKER_LIMIT_S = 20.0  # it takes 0.1 s


@contextmanager
def paused(cluster: Cluster, node: str) -> Iterator[None]:
    """Freeze a node while the ``with`` block lasts: its kernel still takes connections, but nobody answers them.

    Raises ProgramError with the engine's words, and NotApplicableError for a cluster that was not made here.
    """
    if not cluster.engine:
        raise cluster.not_ours("none of its nodes is paused")
    try:
        cluster.engine.docker("pause", node, timeout_s=DOCKER_LIMIT_S)
        yield
    finally:
        resume(cluster.engine, cluster.name)


def resume(engine: Engine, cluster: str) -> None:
    """Let all paused nodes of a cluster go on, where there are any."""
    mine = ("--filter", f"label={LABEL}={cluster}", "--filter", "status=paused")
    if found := engine.docker("ps", "--quiet", *mine, timeout_s=DOCKER_LIMIT_S).split():
        engine.docker("unpause", *found, timeout_s=DOCKER_LIMIT_S)
