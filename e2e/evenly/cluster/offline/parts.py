"""All that a cluster is made of where no image registry is reached, built once and kept."""

import os
import shutil
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from evenly.cluster.cache import Cache
from evenly.cluster.engine import Engine
from evenly.cluster.offline import archive, backend_image, binaries, node_image, rootfs, runtime
from evenly.cluster.offline.scratch import scratch
from evenly.errors import EvenlyError
from evenly.progress import Progress

STEPS = 5
QUERY_LIMIT_S = 20.0
LOAD_LIMIT_S = 120.0


@dataclass(frozen=True, slots=True)
class Parts:
    """Names of images that the engine holds, and the kind program that goes with them."""

    node_image: str
    backend_image: str
    kind: Path


def build(cache: Cache, engine: Engine, progress: Progress) -> Parts:
    """Return the parts, building what is missing: about six minutes the first time, then only a look at the engine.

    Raises EvenlyError where they cannot be built at all, and ProgramError with the words of a program that failed.
    """
    _require_debian_and_root()

    def step(name: str, number: int, usually_s: float) -> AbstractContextManager[None]:
        return progress.step(name, number, STEPS, usually_s)

    # Steps 2 to 4 run while the compiler does: they wait for the mirror and the disk more than for a processor.
    def others() -> tuple[Path, Path, Path]:
        return (
            rootfs.build(cache, step("Debian 12 for the nodes", 2, 50)),
            runtime.build(cache, step("containerd for the nodes", 3, 6)),
            backend_image.build(cache, step("nginx for the backend", 4, 5)),
        )

    programs = binaries.build(cache, step("Kubernetes and kind, compiled from source", 1, 290), meanwhile=others)
    made_of = node_image.Ingredients(programs, *others())
    with cache.lock("images"):
        if not _holds(engine, node_image.TAG, made_of.key()):
            with step("node image", 5, 10), scratch(cache.root / "node-image.tmp") as work:
                node_image.load(made_of, work, engine)
        if not _holds(engine, backend_image.TAG, made_of.backend.parent.name):
            engine.docker("load", "--quiet", "--input", made_of.backend, timeout_s=LOAD_LIMIT_S)
    return Parts(node_image.TAG, backend_image.TAG, programs.kind)


def _holds(engine: Engine, image: str, made_of: str) -> bool:
    filters = ("--filter", f"reference={image}", "--filter", f"label={archive.LABEL}={made_of}")
    return bool(engine.docker("image", "ls", "--quiet", *filters, timeout_s=QUERY_LIMIT_S).strip())


def _require_debian_and_root() -> None:
    if not (shutil.which("apt-get") and shutil.which("dpkg") and os.geteuid() == 0):
        raise EvenlyError(
            "images of our own are built only by root, on Debian",
            "run as root on Debian 12 or newer, or let Docker reach an image registry",
        )
