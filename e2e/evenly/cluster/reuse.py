"""Which cluster a run uses: the one that an earlier run kept, or one to be made; and how each is removed again."""

import os
from contextlib import suppress
from pathlib import Path

from evenly.cluster import records
from evenly.cluster.cache.cache import Cache
from evenly.cluster.engine.engine import Engine
from evenly.cluster.faults import pause
from evenly.cluster.kind import LABEL, NETWORK, end_orphan
from evenly.cluster.options import ClusterOptions
from evenly.cluster.records import ClusterRecord
from evenly.errors import EvenlyError
from evenly.process import ProgramError
from evenly.progress import Progress

DOCKER_LIMIT_S = 60.0


def reusable(cache: Cache, engine: Engine, options: ClusterOptions, made_of: str, progress: Progress) -> ClusterRecord | None:
    """Return the kept cluster that this run would make just so; remove every other that is on record."""
    found = None
    for made in records.everything(cache):
        pause.resume(engine, made.name)  # of a run that was killed meanwhile
        if made.kept and made.key == made_of and options.name in {None, made.name} and _alive(made):
            progress.say(f"using the cluster {made.name}, kept by run {made.run_id}")
            found = made
        else:
            reason = "it is no longer what this run needs" if made.kept else f"run {made.run_id} did not end in order"
            progress.say(f"removing the cluster {made.name}: {reason}")
            remove(made, cache, engine)
    return found


def planned(cache: Cache, engine: Engine, options: ClusterOptions, made_of: str) -> ClusterRecord:
    """Return the cluster that is to be made; EvenlyError where its kubeconfig is a file that evenly did not make."""
    name = options.name or f"evenly-{options.run_id.rpartition('-')[2].lower()}"
    kubeconfig = options.kubeconfig or records.kubeconfig(cache, name)
    if kubeconfig.exists():  # kind would write into it
        raise EvenlyError(
            f"the kubeconfig {kubeconfig} exists, and evenly did not make it",
            "name a file that does not exist with --kubeconfig, or leave the option out",
        )
    networks = engine.docker("network", "ls", "--format", "{{.Name}}", timeout_s=DOCKER_LIMIT_S).split()
    return ClusterRecord(name, str(kubeconfig), made_of, options.run_id, os.getpid(), own_network=NETWORK not in networks)


def remove(made: ClusterRecord, cache: Cache, engine: Engine) -> None:
    """Remove whatever the engine has of a cluster, and its record; works without kind, and on half a cluster."""
    end_orphan(Path(made.kubeconfig))
    mine = ("--filter", f"label={LABEL}={made.name}")
    if nodes := engine.docker("ps", "--all", "--quiet", *mine, timeout_s=DOCKER_LIMIT_S).split():
        engine.docker("rm", "--force", "--volumes", *nodes, timeout_s=DOCKER_LIMIT_S)
    if made.own_network:
        with suppress(ProgramError):  # somebody else's cluster may have joined it, or kind never came so far
            engine.docker("network", "rm", NETWORK, timeout_s=DOCKER_LIMIT_S)
    records.forget(cache, made)


def kubernetes_version(kubeconfig: Path, context: str) -> str:
    """Return the version that an API server names, or nothing when it does not answer."""
    # The client of Kubernetes takes a second to import; the fixtures have that done while kind works.
    from evenly.cluster import api  # noqa: PLC0415

    return api.kubernetes_version(api.connect(kubeconfig, context, records.certificates(kubeconfig)))


def _alive(made: ClusterRecord) -> bool:
    return bool(kubernetes_version(Path(made.kubeconfig), f"kind-{made.name}"))
