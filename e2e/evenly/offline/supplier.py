"""What a cluster asks for where no engine, no registry or no download answers, made on this machine."""

from collections.abc import Mapping
from pathlib import Path

from evenly.cluster.cache.cache import Cache
from evenly.cluster.engine.engine import Engine
from evenly.cluster.host.requirements import Requirement
from evenly.cluster.supplier import Built
from evenly.offline.compiler import toolchain
from evenly.offline.engine import private
from evenly.offline.images import build, node_image
from evenly.progress import Progress


class OfflineSupplier:
    """Supplies Debian's Docker, images of Debian's packages and of programs compiled from source, and kind, compiled, too."""

    @property
    def node_image(self) -> str:
        """The name that the engine knows a built node image by."""
        return node_image.TAG

    def engine_was_started(self, cache: Cache) -> bool:
        """Tell whether the private engine was started since the machine was, and not stopped, be it alive or not."""
        return private.was_started(cache)

    def start_engine(self, cache: Cache, progress: Progress) -> tuple[Path, Mapping[str, str]]:
        """Start the private engine, or find it running; return its docker command and the environment to reach it."""
        return private.start(cache, progress)

    def stop_engine(self, cache: Cache, progress: Progress) -> None:
        """Stop the private engine, where one was started, and put the machine back to what it was."""
        private.stop(cache, progress)

    def engine_requirements(self, cache_folder: Path) -> tuple[Requirement, ...]:
        """Tell what the private engine needs of this machine."""
        return private.requirements(cache_folder)

    def build(self, cache: Cache, engine: Engine, progress: Progress) -> Built:
        """Return the images of nodes and backend, and kind, building what is missing: about eight minutes the first time."""
        return build.build(cache, engine, progress)

    def image(self, name: str, cache: Cache, engine: Engine, progress: Progress) -> str:
        """Return the name of an image that stands for a registry's ``haproxy`` or ``python``, built where it is missing."""
        return build.image(name, cache, engine, progress)

    def compile(self, cache: Cache, program: str, folder: Path) -> None:
        """Compile a Go program, such as ``sigs.k8s.io/kind@v0.33.0``, into a folder of the cache."""
        toolchain.install(cache, program, folder)

    def compiler(self, cache_folder: Path) -> Requirement:
        """Tell where a Go toolchain would come from."""
        return toolchain.available(cache_folder)
