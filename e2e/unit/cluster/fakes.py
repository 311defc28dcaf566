"""A supplier that holds what a test gives it, and makes nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from evenly.cluster.cache.cache import Cache
from evenly.cluster.engine.engine import Engine
from evenly.cluster.host.requirements import LackingError, Requirement
from evenly.cluster.supplier import Built
from evenly.process import run
from evenly.progress import Progress

MET = Requirement("root", "with all rights", met=True)


@dataclass
class FakeSupplier:
    """``lacks`` is what stands in the way of an engine and of a build; ``docker`` and ``go`` are programs of the test's own."""

    node_image: str = "evenly/node:built"
    started: bool = False
    lacks: tuple[Requirement, ...] = ()
    docker: Path = Path("nowhere")
    go: Path = Path("nowhere")
    go_found: Requirement = MET

    def engine_was_started(self, cache: Cache) -> bool:
        assert cache.root.is_dir()
        return self.started

    def start_engine(self, cache: Cache, progress: Progress) -> tuple[Path, Mapping[str, str]]:
        assert cache.root.is_dir()
        progress.say("started")
        return self.docker, {}

    def stop_engine(self, cache: Cache, progress: Progress) -> None:
        assert cache.root.is_dir()
        if self.started:
            progress.say("stopped")

    def engine_requirements(self, cache_folder: Path) -> tuple[Requirement, ...]:
        assert cache_folder.is_absolute()
        return self.lacks or (MET,)

    def build(self, cache: Cache, engine: Engine, progress: Progress) -> Built:
        del cache, engine, progress
        if self.lacks:
            raise LackingError("images cannot be built here", self.lacks)
        return Built("built/node", "built/nginx", Path("built/kind"))

    def image(self, name: str, cache: Cache, engine: Engine, progress: Progress) -> str:
        del cache, engine, progress
        return f"built/{name}"

    def compile(self, cache: Cache, program: str, folder: Path) -> None:
        assert cache.root.is_dir()
        run(self.go, "install", program, timeout_s=10.0, env={"GOBIN": str(folder)})

    def compiler(self, cache_folder: Path) -> Requirement:
        assert cache_folder.is_absolute()
        return self.go_found
