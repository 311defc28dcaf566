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
from evenly.offline.compiler import binaries, toolchain
from evenly.offline.images import archive, backend_image, balancer_image, node_image, python_image, rootfs, runtime
from evenly.progress import Progress

STEPS = 5
QUERY_LIMIT_S = 20.0
LOAD_LIMIT_S = 120.0
NOTICE = "Images are built once, usually in 7 to 8 minutes on two cores; up to 10 GB are needed in {cache}, of which 4 stay"


@dataclass(frozen=True, slots=True)
class Parts:
    """Names of images that the engine holds, and the kind program that goes with them."""

    node_image: str
    backend_image: str
    kind: Path


def build(cache: Cache, engine: Engine, progress: Progress) -> Parts:
    """Return the parts, building what is missing: about eight minutes the first time, then only a look at the engine.

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
            backend_image.build(cache, step("nginx for the backend", 4, 5)),
        )

    programs = binaries.build(cache, compilation(), meanwhile=others)
    made_of = node_image.Ingredients(programs, *others())
    with cache.lock("images"):
        if not holds(engine, node_image.TAG, made_of.key()):
            with step("node image", 5, 10), scratch(cache.root / "node-image.tmp") as work:
                node_image.load(made_of, work, engine)
        if not holds(engine, backend_image.TAG, made_of.backend.parent.name):
            engine.docker("load", "--quiet", "--input", made_of.backend, timeout_s=LOAD_LIMIT_S)
    return Parts(node_image.TAG, backend_image.TAG, programs.kind)


def balancer(cache: Cache, engine: Engine, progress: Progress) -> str:
    """Return the name of the load balancer's image, building it where it is missing: 5 s; raises as `build` does."""
    step = _step("the load balancer's image", progress.step("HAProxy for the load balancer", usually_s=5))
    return _loaded(balancer_image.TAG, balancer_image.build(cache, step), cache, engine)


def python(cache: Cache, engine: Engine, progress: Progress) -> str:
    """Return the name of an image with Python, building it where it is missing: 10 s; raises as `build` does."""
    step = _step("the image of pods that send a load", progress.step("Python for pods that send a load", usually_s=10))
    return _loaded(python_image.TAG, python_image.build(cache, step), cache, engine)


@contextmanager
def _step(what: str, step: AbstractContextManager[None]) -> Iterator[None]:
    require(f"{what} cannot be built here", *_packages())
    with step:
        yield


def _loaded(tag: str, built: Path, cache: Cache, engine: Engine) -> str:
    with cache.lock("images"):
        if not holds(engine, tag, built.parent.name):
            engine.docker("load", "--quiet", "--input", built, timeout_s=LOAD_LIMIT_S)
    return tag


def requirements(cache_folder: Path) -> tuple[Requirement, ...]:
    """Tell what building needs of this machine."""
    debian, *packages = _packages()
    go = toolchain.available(cache_folder)
    return (debian, machine.root(), *packages, go, machine.disk(cache_folder), machine.memory())


def _packages() -> tuple[Requirement, ...]:
    debian = machine.debian()
    return (debian, machine.package_sources()) if debian.met else (debian,)


def holds(engine: Engine, image: str, made_of: str) -> bool:
    """Tell whether the engine has an image that was made of exactly this."""
    filters = ("--filter", f"reference={image}", "--filter", f"label={archive.LABEL}={made_of}")
    return bool(engine.docker("image", "ls", "--quiet", *filters, timeout_s=QUERY_LIMIT_S).strip())
