"""Decides where the images of a cluster come from, and gets them: pulled from a registry, or built by the supplier."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from evenly.cluster.cache.cache import Cache
from evenly.cluster.engine.engine import Engine
from evenly.cluster.host.requirements import LackingError, Requirement
from evenly.cluster.images import registry
from evenly.cluster.images.registry import PullError
from evenly.cluster.supplier import Supplier
from evenly.process import ProgramError
from evenly.progress import Progress
from evenly.settings import ClusterFrom

# The default of kind's release, see pkg/apis/config/defaults/image.go of sigs.k8s.io/kind v0.33.0.
NODE_IMAGE = "kindest/node:v1.37.0@sha256:a1ed56cfb0e7b93589bdf97c8cd566405a265939e3620fc4f5de89adff580ae5"
BACKEND_IMAGE = "nginx:1.26"
BALANCER_IMAGE = "haproxy:3.0"
PYTHON_IMAGE = "python:3.13-slim"

INSPECT_LIMIT_S = 10.0


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


@dataclass(frozen=True, slots=True)
class Sources:
    """Where images come from: the engine that may hold them, a registry, or the supplier; ``way`` is what the user decided."""

    cache: Cache
    engine: Engine
    way: ClusterFrom
    progress: Progress
    supplier: Supplier

    def obtain(self, node_image: str | None = None) -> Supplies:
        """Return what a cluster is made of, pulling or building what the engine does not hold yet.

        ``node_image`` replaces kind's default, and is never replaced by a built one. With AUTO, what the engine holds goes
        first, then what a registry gives. Raises EvenlyError with the remedy when no way leads to the images.
        """
        if self.way is ClusterFrom.BUILT and not node_image:
            return self._built("as told")
        may_build = self.way is ClusterFrom.AUTO and not node_image
        wanted = (node_image or NODE_IMAGE, BACKEND_IMAGE)
        missing = [image for image in wanted if not image_id(self.engine, image)]
        if missing and may_build and image_id(self.engine, self.supplier.node_image):
            return self._built("this machine has built them before")
        try:
            for image in missing:
                registry.pull(self.engine, image, self.progress)
        except PullError as error:
            if not may_build:
                raise
            self.progress.say(f"{error.short}; so images are built here")
            try:
                return self._built(error.short)
            except LackingError as lacking:
                raise LackingError(
                    "images can neither be pulled nor built here", (error.requirement, *lacking.requirements)
                ) from None
        digests = {image: digest for image in wanted if (digest := _digest(self.engine, image))}
        return Supplies(*wanted, why="pulled just now" if missing else "pulled before", digests=digests)

    def balancer_image(self) -> str:
        """Return the load balancer's image, pulled or built as the cluster's are; only a test that has one needs it.

        Raises EvenlyError with the remedy when no way leads to it.
        """
        return self._on_demand(BALANCER_IMAGE)

    def python_image(self) -> str:
        """Return the image of a Python, pulled or built as the cluster's are; only a load that is sent by pods needs it.

        Raises EvenlyError with the remedy when no way leads to it.
        """
        return self._on_demand(PYTHON_IMAGE)

    def _on_demand(self, image: str) -> str:
        """Return an image that not every run needs, or what is built in its place."""
        if self.way is not ClusterFrom.BUILT and image_id(self.engine, image):
            return image
        build = partial(self.supplier.image, image.partition(":")[0], self.cache, self.engine, self.progress)
        may_build = self.way is ClusterFrom.AUTO
        if self.way is ClusterFrom.BUILT or (may_build and image_id(self.engine, self.supplier.node_image)):
            return build()
        try:
            registry.pull(self.engine, image, self.progress)
        except PullError as error:
            if not may_build:
                raise
            self.progress.say(f"{error.short}; so it is built here")
            return build()
        return image

    def _built(self, why: str) -> Supplies:
        built = self.supplier.build(self.cache, self.engine, self.progress)
        return Supplies(built.node_image, built.backend_image, why=f"built here; {why}", kind=built.kind)


def pulled_before(engine: Engine) -> bool:
    """Tell whether the engine holds all that would be pulled."""
    return all(image_id(engine, image) for image in (NODE_IMAGE, BACKEND_IMAGE))


def registry_answers(engine: Engine | None) -> Requirement:
    """Tell whether the images are there or a registry answers for them, without pulling any."""
    if engine and pulled_before(engine):
        return Requirement(registry.NAME, "not needed: the images were pulled before", met=True)
    return registry.answers(engine, NODE_IMAGE)


def image_id(engine: Engine, image: str) -> str:
    """Return the id of an image that the engine holds, or nothing."""
    try:
        return engine.docker("image", "inspect", "--format", "{{.Id}}", image, timeout_s=INSPECT_LIMIT_S).strip()
    except ProgramError as error:
        if "no such image" in error.stderr.lower():
            return ""
        raise


def _digest(engine: Engine, image: str) -> str:
    listed = engine.docker("image", "inspect", "--format", "{{json .RepoDigests}}", image, timeout_s=INSPECT_LIMIT_S)
    digests: list[str] = json.loads(listed) or []
    return digests[0] if digests else ""
