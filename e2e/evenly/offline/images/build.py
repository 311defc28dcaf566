"""All that a cluster is made of where no image registry is reached, and its load balancer, built once and kept."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from evenly.cluster.cache.cache import Cache
from evenly.cluster.cache.scratch import scratch
from evenly.cluster.engine.engine import Engine
from evenly.cluster.host import machine
from evenly.cluster.host.requirements import Requirement, require
from evenly.cluster.images.labels import holds
from evenly.cluster.supplier import Built
from evenly.offline import apt
from evenly.offline.compiler import binaries, toolchain
from evenly.offline.images import backend_image, balancer_image, node_image, python_image, rootfs, runtime
from evenly.offline.images.from_packages import PackagedImage
from evenly.progress import Progress

STEPS = 5
LOAD_LIMIT_S = 120.0
NOTICE = "Images are built once, usually in 7 to 8 minutes on two cores; up to 10 GB are needed in {cache}, of which 4 stay"


@dataclass(frozen=True, slots=True)
class OnDemand:
    """An image that not every run needs, by what it is for and how long its building takes."""

    image: PackagedImage
    what: str
    step: str
    usually_s: float


ON_DEMAND = {
    "haproxy": OnDemand(balancer_image.IMAGE, "the load balancer's image", "HAProxy for the load balancer", 5),
    "python": OnDemand(python_image.IMAGE, "the image of pods that send a load", "Python for pods that send a load", 10),
}
"""By the name of the registry's image that each stands for."""


def build(cache: Cache, engine: Engine, progress: Progress) -> Built:
    """Return the images and kind, building what is missing: eight minutes the first time, then only a look at the engine.

    Raises LackingError before it compiles anything where this machine cannot, and ProgramError with the words of a program
    that failed.
    """

    def step(name: str, number: int, usually_s: float) -> AbstractContextManager[None]:
        return progress.step(name, number, STEPS, usually_s)

    @contextmanager
    def compilation() -> Iterator[None]:
        require("images cannot be built here", *requirements(cache.root))
        progress.say(NOTICE.format(cache=cache.root))
        with step("Kubernetes and kind, compiled from source", 1, 420):
            yield

    # Steps 2 to 4 run while the compiler does: they wait for the mirror and the disk more than for a processor.
    def others() -> tuple[Path, Path, Path]:
        return (
            rootfs.build(cache, step("Debian 12 for the nodes", 2, 50)),
            runtime.build(cache, step("containerd for the nodes", 3, 6)),
            backend_image.IMAGE.build(cache, step("nginx for the backend", 4, 5)),
        )

    programs = binaries.build(cache, compilation(), meanwhile=others)
    made_of = node_image.Ingredients(programs, *others())
    with cache.lock("images"):
        if not holds(engine, node_image.TAG, made_of.key()):
            with step("node image", 5, 10), scratch(cache.root / "node-image.tmp") as work:
                node_image.load(made_of, work, engine)
        _load(backend_image.IMAGE, made_of.backend, engine)
    return Built(node_image.TAG, backend_image.IMAGE.tag, programs.kind)


def image(name: str, cache: Cache, engine: Engine, progress: Progress) -> str:
    """Return the name of an image of ``ON_DEMAND``, building it where it is missing; raises as `build` does."""
    wanted = ON_DEMAND[name]

    @contextmanager
    def step() -> Iterator[None]:
        require(f"{wanted.what} cannot be built here", *_packages())
        with progress.step(wanted.step, usually_s=wanted.usually_s):
            yield

    built = wanted.image.build(cache, step())
    with cache.lock("images"):
        _load(wanted.image, built, engine)
    return wanted.image.tag


def _load(image: PackagedImage, built: Path, engine: Engine) -> None:
    if not holds(engine, image.tag, built.parent.name):
        engine.docker("load", "--quiet", "--input", built, timeout_s=LOAD_LIMIT_S)


def requirements(cache_folder: Path) -> tuple[Requirement, ...]:
    """Tell what building needs of this machine."""
    debian, *packages = _packages()
    go = toolchain.available(cache_folder)
    return (debian, machine.root(), *packages, go, machine.disk(cache_folder), machine.memory())


def _packages() -> tuple[Requirement, ...]:
    debian = machine.debian()
    return (debian, apt.package_sources()) if debian.met else (debian,)
