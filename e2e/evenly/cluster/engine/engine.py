"""The container engine that kind talks to: the user's Docker, or a private one."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from evenly.cluster.host.requirements import Requirement
from evenly.process import ProgramError, run

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


def users_docker() -> tuple[Requirement, Engine | None]:
    """Tell whether the user's Docker answers, and return it if so."""
    cli = shutil.which("docker")
    reason = "there is no docker command"
    if cli:
        try:
            engine = Engine(Path(cli), server_version(Path(cli), {}), private=False, why="your Docker answers")
        except ProgramError as error:
            said = error.stderr.strip().splitlines()
            reason = said[-1].partition(". ")[0].rstrip(".") if said else error.problem
        else:
            return Requirement("Docker", f"Docker {engine.version} answers", met=True), engine
    return Requirement("Docker", reason, met=False, remedy="install and start Docker, or join the group docker"), None


def server_version(cli: Path, env: Mapping[str, str]) -> str:
    """Return the version of the engine that a docker command reaches; raises ProgramError where none answers."""
    # `docker info` with a format ends with 0 even where nothing answers
    return run(cli, "version", "--format", "{{.Server.Version}}", timeout_s=ANSWER_LIMIT_S, env=env).strip()
