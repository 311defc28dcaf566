"""Which engine a run takes: the user's Docker where it answers, else a private one, where the machine can have one."""

import os
from pathlib import Path

from evenly.cluster.cache.cache import Cache
from evenly.cluster.engine.engine import Engine, server_version, users_docker
from evenly.cluster.host.requirements import LackingError, Requirement, lacking
from evenly.cluster.supplier import Supplier
from evenly.progress import Progress

NOTICE = """\
No Docker answers ({reason}), so this run starts one of its own:
  Debian's Docker is unpacked into {cache} and runs from there, as root.
  While it runs there are a network bridge, packet rules, kernel settings for them, and folders in /run and /opt.
  No package is installed; your kubeconfig and any Docker of yours are not touched.
  The end of the run takes it away again; if the cluster is kept, `make down` (evenly down) does."""


def find(cache: Cache, progress: Progress, supplier: Supplier) -> Engine:
    """Return the user's Docker if it answers, else the supplier's engine, started where it does not run.

    The user's DOCKER_HOST and context are respected. A private engine that still runs for a kept cluster goes first.
    Raises LackingError where no engine answers and none can be started.
    """
    if supplier.engine_was_started(cache):
        return _private(cache, progress, supplier, "it runs already")
    docker, engine = users_docker()
    if engine:
        return engine
    if missing := lacking(private_requirements(cache.root, supplier)):
        raise LackingError("no container engine answers, and a private one cannot be started", (docker, *missing))
    for line in NOTICE.format(reason=docker.found, cache=cache.root).splitlines():
        progress.say(line)
    return _private(cache, progress, supplier, "no other answers")


def private_requirements(cache_folder: Path, supplier: Supplier) -> tuple[Requirement, ...]:
    """Tell what a run needs to take a private engine."""
    host = os.environ.get("DOCKER_HOST")
    # a wish that cannot be met is a mistake, not a reason to use something else
    chosen = Requirement(
        *("DOCKER_HOST", f"it is {host}, so no other engine is taken" if host else "not set"),
        met=not host,
        remedy="start the engine there, or unset DOCKER_HOST",
    )
    return (chosen, *supplier.engine_requirements(cache_folder))


def _private(cache: Cache, progress: Progress, supplier: Supplier, reason: str) -> Engine:
    cli, env = supplier.start_engine(cache, progress)
    return Engine(cli, server_version(cli, env), private=True, why=reason, env=env)
