"""The container engine that kind talks to: the user's Docker, or a private one that evenly unpacks and starts."""

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from evenly.cluster.cache import Cache
from evenly.cluster.offline import engine as private_engine
from evenly.errors import EvenlyError
from evenly.process import ProgramError, run
from evenly.progress import Progress

ANSWER_LIMIT_S = 10.0


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
    Raises EvenlyError where no engine answers and none can be started.
    """
    if private_engine.was_started(cache):
        return _private(cache, progress, "it runs already")
    cli = shutil.which("docker")
    reason = "there is no docker command"
    if cli:
        try:
            return Engine(Path(cli), _server_version(Path(cli), {}), private=False, why="your Docker answers")
        except ProgramError as error:
            reason = (error.stderr.strip().splitlines() or [error.problem])[-1].rstrip(".")
    host = os.environ.get("DOCKER_HOST")
    if host:  # a wish that cannot be met is a mistake, not a reason to use something else
        raise EvenlyError(f"DOCKER_HOST is {host}, but no engine answers there: {reason}", "start it, or unset DOCKER_HOST")
    obstacle = _obstacle()
    if obstacle:
        raise EvenlyError(
            f"no container engine answers: {reason}\n  A private one is not possible: {obstacle}",
            "install and start Docker, or join the group docker; or test a cluster you have: --context NAME",
        )
    return _private(cache, progress, reason)


def _private(cache: Cache, progress: Progress, reason: str) -> Engine:
    cli, env = private_engine.start(cache, progress)
    return Engine(cli, _server_version(cli, env), private=True, why=reason, env=env)


def _server_version(cli: Path, env: Mapping[str, str]) -> str:
    # `docker info` with a format ends with 0 even where nothing answers
    return run(cli, "version", "--format", "{{.Server.Version}}", timeout_s=ANSWER_LIMIT_S, env=env).strip()


def _obstacle() -> str:
    if not (shutil.which("apt-get") and shutil.which("dpkg")):
        return "it is unpacked from Debian packages, and this machine is no Debian"
    if os.geteuid() != 0:
        return "it needs root"
    return ""
