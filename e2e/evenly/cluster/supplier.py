"""What a cluster asks for where no engine of the user's, no registry or no download answers."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from evenly.cluster.cache.cache import Cache
from evenly.cluster.engine.engine import Engine
from evenly.cluster.host.requirements import Requirement
from evenly.progress import Progress


@dataclass(frozen=True, slots=True)
class Built:
    """Names of images that the engine holds now, and the kind program that was built with them."""

    node_image: str
    backend_image: str
    kind: Path


class Supplier(Protocol):
    """Supplies an engine, images and a kind program from this machine; what it makes is kept in the cache.

    It raises LackingError before it begins where the machine lacks something, and ProgramError with the words of a program
    that failed.
    """

    @property
    def node_image(self) -> str:
        """The name that the engine knows a built node image by."""

    def engine_was_started(self, cache: Cache) -> bool:
        """Tell whether a private engine was started since the machine was, and not stopped, be it alive or not."""

    def start_engine(self, cache: Cache, progress: Progress) -> tuple[Path, Mapping[str, str]]:
        """Start the private engine, or find it running; return its docker command and the environment to reach it."""

    def stop_engine(self, cache: Cache, progress: Progress) -> None:
        """Stop the private engine, where one was started, and put the machine back to what it was."""

    def engine_requirements(self, cache_folder: Path) -> tuple[Requirement, ...]:
        """Tell what the private engine needs of this machine."""

    def build(self, cache: Cache, engine: Engine, progress: Progress) -> Built:
        """Return the images of nodes and backend, and kind, building what is missing."""

    def image(self, name: str, cache: Cache, engine: Engine, progress: Progress) -> str:
        """Return the name of an image that stands for a registry's ``haproxy`` or ``python``, built where it is missing."""

    def compile(self, cache: Cache, program: str, folder: Path) -> None:
        """Compile a Go program, such as ``sigs.k8s.io/kind@v0.33.0``, into a folder of the cache."""

    def compiler(self, cache_folder: Path) -> Requirement:
        """Tell where the compiler would come from."""
