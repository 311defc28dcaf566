"""Decides where the images of a cluster come from, and gets them: pulled from a registry, or built on this machine."""

import json
import select
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import TimeoutExpired

from evenly.cluster.cache import Cache
from evenly.cluster.engine import Engine
from evenly.cluster.offline import parts
from evenly.cluster.offline.node_image import TAG as BUILT_NODE_IMAGE
from evenly.errors import EvenlyError
from evenly.process import ProgramError, start, stop
from evenly.progress import Progress
from evenly.settings import ClusterFrom

# The default of kind's release, see pkg/apis/config/defaults/image.go of sigs.k8s.io/kind v0.33.0.
NODE_IMAGE = "kindest/node:v1.37.0@sha256:a1ed56cfb0e7b93589bdf97c8cd566405a265939e3620fc4f5de89adff580ae5"
BACKEND_IMAGE = "nginx:1.26"

INSPECT_LIMIT_S = 10.0
ANSWER_LIMIT_S = 15.0  # of a registry, until it names the image's layers
PULL_LIMIT_S = 900.0


class PullError(EvenlyError):
    """No registry gave an image; ``short`` says so without the addresses that Docker tried."""

    def __init__(self, image: str, reason: str) -> None:
        super().__init__(
            f"the image {image} cannot be pulled: {reason}",
            "give the engine a registry, or build images here: --cluster-from built, without --kind-image",
        )
        self.short = f"{shown(image)} cannot be pulled: {reason.rpartition(': ')[2]}"


@dataclass(frozen=True, slots=True)
class Supplies:
    """Images that the engine holds; ``digests`` maps an image to what a registry calls it.

    ``kind`` is the program that was built with the images, None where they were pulled.
    """

    node_image: str
    backend_image: str
    why: str
    kind: Path | None = None
    digests: Mapping[str, str] = field(default_factory=dict)


def obtain(cache: Cache, engine: Engine, way: ClusterFrom, progress: Progress, node_image: str | None = None) -> Supplies:
    """Return what a cluster is made of, pulling or building what the engine does not hold yet.

    ``node_image`` replaces kind's default, and is never replaced by a built one. With AUTO, what the engine holds goes
    first, then what a registry gives. Raises EvenlyError with the remedy when no way leads to the images.
    """
    if way is ClusterFrom.BUILT and not node_image:
        return _built(cache, engine, progress, "as told")
    may_build = way is ClusterFrom.AUTO and not node_image
    wanted = (node_image or NODE_IMAGE, BACKEND_IMAGE)
    missing = [image for image in wanted if not image_id(engine, image)]
    if missing and may_build and image_id(engine, BUILT_NODE_IMAGE):
        return _built(cache, engine, progress, "this machine has built them before")
    try:
        for image in missing:
            _pull(engine, image, progress)
    except PullError as error:
        if may_build:
            return _built(cache, engine, progress, error.short)
        raise
    digests = {image: digest for image in wanted if (digest := _digest(engine, image))}
    return Supplies(*wanted, why="pulled just now" if missing else "pulled before", digests=digests)


def image_id(engine: Engine, image: str) -> str:
    """Return the id of an image that the engine holds, or nothing."""
    try:
        return engine.docker("image", "inspect", "--format", "{{.Id}}", image, timeout_s=INSPECT_LIMIT_S).strip()
    except ProgramError as error:
        if "no such image" in error.stderr.lower():
            return ""
        raise


def shown(image: str) -> str:
    """Return an image's name without its digest."""
    return image.partition("@")[0]


def _built(cache: Cache, engine: Engine, progress: Progress, why: str) -> Supplies:
    built = parts.build(cache, engine, progress)
    return Supplies(built.node_image, built.backend_image, why=f"built here; {why}", kind=built.kind)


def _digest(engine: Engine, image: str) -> str:
    listed = engine.docker("image", "inspect", "--format", "{{json .RepoDigests}}", image, timeout_s=INSPECT_LIMIT_S)
    digests: list[str] = json.loads(listed) or []
    return digests[0] if digests else ""


def _pull(engine: Engine, image: str, progress: Progress) -> None:
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
            raise PullError(image, (stderr.strip().splitlines() or ["no reason given"])[-1])
