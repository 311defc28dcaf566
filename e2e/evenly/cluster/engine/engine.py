"""The container engine that kind talks to: the user's Docker, or a private one that evenly unpacks and starts."""

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from evenly.cluster.cache.cache import Cache
from evenly.cluster.host import machine
from evenly.cluster.host.requirements import LackingError, Requirement, lacking
from evenly.offline.engine import private as private_engine
from evenly.process import ProgramError, run
from evenly.progress import Progress

ANSWER_LIMIT_S = 10.0

NOTICE = """\
No Docker answers ({reason}), so this run starts one of its own:
  Debian's Docker is unpacked into {cache} and runs from there, as root.
  While it runs there are a network bridge, packet rules, kernel settings for them, and folders in /run and /opt.
  No package is installed; your kubeconfig and any Docker of yours are not touched.
  The end of the run takes it away again; if the cluster is kept, `make down` (evenly down) does."""


@dataclass(frozen=True, slots=True)
class Engine:
    """An engine that answers; ``env`` makes any program, such as kind, talk to it."""

    cli: Path
    version: str
    private: bool
    why: str
    env: Mapping[str, str] = field(default_factory=dict)

    def docker(self, *args: str | Path, timeout_s: float) -> str:
        """Run one docker command on this engine and return its standard output; raises ProgramError."""
        return run(self.cli, *args, timeout_s=timeout_s, env=self.env)


def find(cache: Cache, progress: Progress) -> Engine:
    """Return the user's Docker if it answers, else the private engine, started where it does not run.

    The user's DOCKER_HOST and context are respected. A private engine that still runs for a kept cluster goes first.
    Raises LackingError where no engine answers and none can be started.
    """
    if private_engine.was_started(cache):
        return _private(cache, progress, "it runs already")
    docker, engine = users_docker()
    if engine:
        return engine
    if missing := lacking(private_requirements(cache.root)):
        raise LackingError("no container engine answers, and a private one cannot be started", (docker, *missing))
    for line in NOTICE.format(reason=docker.found, cache=cache.root).splitlines():
        progress.say(line)
    return _private(cache, progress, "no other answers")


def users_docker() -> tuple[Requirement, Engine | None]:
    """Tell whether the user's Docker answers, and return it if so."""
    cli = shutil.which("docker")
    reason = "there is no docker command"
    if cli:
        try:
            engine = Engine(Path(cli), _server_version(Path(cli), {}), private=False, why="your Docker answers")
        except ProgramError as error:
            reason = (error.stderr.strip().splitlines() or [error.problem])[-1].partition(". ")[0].rstrip(".")
        else:
            return Requirement("Docker", f"Docker {engine.version} answers", met=True), engine
    return Requirement("Docker", reason, met=False, remedy="install and start Docker, or join the group docker"), None


def private_requirements(cache_folder: Path) -> tuple[Requirement, ...]:
    """Tell what a private engine needs."""
    host = os.environ.get("DOCKER_HOST")
    # a wish that cannot be met is a mistake, not a reason to use something else
    chosen = Requirement(
        *("DOCKER_HOST", f"it is {host}, so no other engine is taken" if host else "not set"),
        met=not host,
        remedy="start the engine there, or unset DOCKER_HOST",
    )
    return (chosen, machine.debian(), machine.root(), machine.kernel(), *private_engine.requirements(cache_folder))


def _private(cache: Cache, progress: Progress, reason: str) -> Engine:
    cli, env = private_engine.start(cache, progress)
    return Engine(cli, _server_version(cli, env), private=True, why=reason, env=env)


def _server_version(cli: Path, env: Mapping[str, str]) -> str:
    # `docker info` with a format ends with 0 even where nothing answers
    return run(cli, "version", "--format", "{{.Server.Version}}", timeout_s=ANSWER_LIMIT_S, env=env).strip()
