"""A registry of images: asked whether it answers, and pulled from."""

import select
import shutil
from dataclasses import replace
from subprocess import TimeoutExpired

from evenly.cluster.engine.engine import Engine
from evenly.cluster.host.requirements import Requirement
from evenly.errors import EvenlyError
from evenly.process import ProgramError, run, start, stop
from evenly.progress import Progress

NAME = "registry"  # of the requirement
INFO_LIMIT_S = 10.0
ANSWER_LIMIT_S = 15.0  # of a registry, until it names the image's layers
PULL_LIMIT_S = 900.0

WAYS_OF_ITS_OWN = "{{json .RegistryConfig.Mirrors}}{{.HTTPProxy}}{{.HTTPSProxy}}"
NO_WAYS = {"", "null", "[]"}


class PullError(EvenlyError):
    """No registry gave an image; ``short`` says so without the addresses that Docker tried."""

    def __init__(self, image: str, reason: str) -> None:
        self.requirement = _unreachable(image, reason)
        super().__init__(self.requirement.found, self.requirement.remedy)
        self.short = f"{shown(image)} cannot be pulled: {reason.rpartition(': ')[2]}"


def answers(engine: Engine | None, image: str) -> Requirement:
    """Tell whether a registry answers for an image; the docker command asks it, which takes no engine and pulls nothing."""
    cli = engine.cli if engine else shutil.which("docker")
    if not cli:
        return Requirement(NAME, "cannot be asked before an engine runs", met=None)
    try:
        run(cli, "manifest", "inspect", image, timeout_s=ANSWER_LIMIT_S)
    except ProgramError as error:
        found = _unreachable(image, _last_line(error.stderr or error.problem).rpartition(": ")[2])
        # an engine may reach a registry by ways that its command does not have
        ways = engine.docker("info", "--format", WAYS_OF_ITS_OWN, timeout_s=INFO_LIMIT_S).strip() if engine else ""
        return found if ways in NO_WAYS else replace(found, met=None, found=f"{found.found}; your engine has a mirror or proxy")
    return Requirement(NAME, f"one answers for {shown(image)}", met=True)


def pull(engine: Engine, image: str, progress: Progress) -> None:
    """Pull an image, or raise PullError.

    A registry that cannot be reached would keep Docker trying for minutes, so the first line has a short limit.
    """
    with progress.step(f"pull {shown(image)}", usually_s=30), start(engine.cli, "pull", image, env=engine.env) as program:
        try:
            if program.stdout and not select.select([program.stdout], [], [], ANSWER_LIMIT_S)[0]:
                raise PullError(image, f"no registry answered within {ANSWER_LIMIT_S:g} s")
            _, stderr = program.communicate(timeout=PULL_LIMIT_S)
        except TimeoutExpired:
            raise PullError(image, f"it took longer than {PULL_LIMIT_S:g} s") from None
        finally:
            stop(program)
        if program.returncode:
            raise PullError(image, _last_line(stderr))


def shown(image: str) -> str:
    """Return an image's name without its digest."""
    return image.partition("@")[0]


def _unreachable(image: str, reason: str) -> Requirement:
    """Return what is lacking where no registry gives an image."""
    return Requirement(
        NAME,
        f"the image {shown(image)} cannot be pulled: {reason}",
        met=False,
        remedy="give the engine a registry, or build images here: --cluster-from built, without --kind-image",
    )


def _last_line(words: str) -> str:
    """Return what a program said last, where it tells the reason."""
    return (words.strip().splitlines() or ["no reason given"])[-1]
