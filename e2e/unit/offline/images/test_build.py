"""What the engine holds is not made again; what it lost is made again from the parts in the cache."""

import io
import os
import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest
from rich.console import Console

from evenly.cluster.cache.cache import Cache
from evenly.cluster.host.requirements import LackingError, Requirement, lacking
from evenly.offline.compiler import binaries, toolchain
from evenly.offline.images import backend_image, balancer_image, node_image, python_image, rootfs, runtime
from evenly.offline.images import build as parts
from evenly.progress import Progress

if TYPE_CHECKING:
    from evenly.cluster.engine.engine import Engine

ENOUGH = Requirement("disk", "30 GB free", met=True)
TOO_LITTLE = Requirement("disk", "3 GB free", met=False, remedy="free some")


@dataclass
class FakeEngine:
    """Holds images as a name and a label each, and answers the one question that is asked of it."""

    images: set[tuple[str, str]] = field(default_factory=set)
    loaded: list[str] = field(default_factory=list)

    def docker(self, *args: str | Path, timeout_s: float) -> str:
        assert timeout_s > 0
        if args[:2] == ("image", "ls"):
            filters = dict(str(arg).split("=", 1) for arg in args if "=" in str(arg))
            return "id\n" if (filters["reference"], filters["label"]) in self.images else ""
        assert args[:3] == ("load", "--quiet", "--input")
        name, key = Path(str(args[-1])).parent.name.rsplit("-", 1)
        images = {"backend-image": backend_image, "balancer-image": balancer_image, "python-image": python_image}
        tag = images[name].TAG
        self.images.add((tag, f"evenly.key={name}-{key}"))
        self.loaded.append(tag)
        return ""


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Put folders in the place of what takes minutes, and return the list of what was built."""
    calls: list[str] = []

    def folder(name: str) -> Callable[..., Path]:
        def build(cache: Cache, step: AbstractContextManager[None]) -> Path:
            def make(into: Path) -> None:
                with step:
                    (into / "root").write_text(name)
                calls.append(name)

            return cache.entry(name, [name], make) / "root"

        return build

    def compiled(cache: Cache, step: AbstractContextManager[None], *, meanwhile: Callable[[], object]) -> binaries.Binaries:
        def make(into: Path) -> None:
            with step:
                meanwhile()
                (into / "node").write_text("node")
            calls.append("binaries")

        entry = cache.entry("binaries", ["binaries"], make)
        return binaries.Binaries(entry / "node", entry / "kind", entry / "pause", entry / "files")

    def load(made_of: node_image.Ingredients, work: Path, engine: FakeEngine) -> None:
        assert list(work.iterdir()) == []
        engine.images.add((node_image.TAG, f"evenly.key={made_of.key()}"))
        engine.loaded.append(node_image.TAG)

    monkeypatch.setattr(binaries, "build", compiled)
    monkeypatch.setattr(rootfs, "build", folder("rootfs"))
    monkeypatch.setattr(runtime, "build", folder("node-runtime"))
    monkeypatch.setattr(backend_image, "build", folder("backend-image"))
    monkeypatch.setattr(node_image, "load", load)
    monkeypatch.setattr(parts, "requirements", lambda _: (ENOUGH,))
    return calls


@pytest.fixture
def build(tmp_path: Path) -> Callable[[FakeEngine], tuple[parts.Parts, str]]:
    def run(engine: FakeEngine) -> tuple[parts.Parts, str]:
        said = io.StringIO()
        got = parts.build(Cache(tmp_path / "cache"), cast("Engine", engine), Progress(Console(file=said, soft_wrap=True)))
        return got, said.getvalue()

    return run


def test_the_first_run_tells_every_step_and_makes_everything_once(
    built: list[str], build: Callable[[FakeEngine], tuple[parts.Parts, str]]
) -> None:
    engine = FakeEngine()
    got, said = build(engine)
    assert sorted(built) == ["backend-image", "binaries", "node-runtime", "rootfs"]
    assert engine.loaded == ["evenly/node:v1.37.2", "evenly/nginx:1.26"]
    assert (got.node_image, got.backend_image) == ("evenly/node:v1.37.2", "evenly/nginx:1.26")
    assert [f"[{number}/5]" in said for number in range(1, 6)] == [True] * 5
    notice, first_step, *_ = said.splitlines()
    assert "7 to 8 minutes on two cores; up to 10 GB are needed in" in notice
    assert first_step.startswith("[1/5]")


def test_the_second_run_makes_nothing_and_says_nothing(
    built: list[str], build: Callable[[FakeEngine], tuple[parts.Parts, str]]
) -> None:
    engine = FakeEngine()
    first, _ = build(engine)
    built.clear()
    engine.loaded.clear()
    assert build(engine) == (first, "")
    assert (built, engine.loaded) == ([], [])


def test_images_that_the_engine_lost_are_made_from_what_the_cache_has(
    built: list[str], build: Callable[[FakeEngine], tuple[parts.Parts, str]]
) -> None:
    build(FakeEngine())
    built.clear()
    other = FakeEngine()
    _, said = build(other)
    assert built == []
    assert other.loaded == ["evenly/node:v1.37.2", "evenly/nginx:1.26"]
    assert "[5/5]" in said


def test_a_machine_that_lacks_something_is_told_before_anything_is_compiled(
    monkeypatch: pytest.MonkeyPatch, built: list[str], build: Callable[[FakeEngine], tuple[parts.Parts, str]]
) -> None:
    monkeypatch.setattr(parts, "requirements", lambda _: (TOO_LITTLE,))
    with pytest.raises(LackingError, match="images cannot be built here: 3 GB free") as caught:
        build(FakeEngine())
    assert caught.value.remedy == "free some"
    assert built == []


def test_what_was_built_is_used_on_a_machine_that_could_not_build_it_any_more(
    monkeypatch: pytest.MonkeyPatch, built: list[str], build: Callable[[FakeEngine], tuple[parts.Parts, str]]
) -> None:
    build(FakeEngine())
    built.clear()
    monkeypatch.setattr(parts, "requirements", lambda _: (TOO_LITTLE,))
    build(FakeEngine())
    assert built == []


def test_building_needs_debian_root_go_and_disk(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(toolchain, "find_spec", lambda _: None)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=3 * 10**9))
    assert [missing.name for missing in lacking(parts.requirements(tmp_path))] == ["Debian", "root", "Go", "disk"]


@pytest.mark.parametrize(
    ("image", "module", "name", "tag"),
    [
        (parts.balancer, balancer_image, "balancer-image", "evenly/haproxy:3.0"),
        (parts.python, python_image, "python-image", "evenly/python:3.13"),
    ],
    ids=["load balancer", "Python"],
)
def test_a_late_image_is_built_once_and_loaded_where_the_engine_lacks_it(  # noqa: PLR0913, PLR0917 - a case, and its place
    monkeypatch: pytest.MonkeyPatch,
    built: list[str],
    tmp_path: Path,
    image: Callable[..., str],
    module: ModuleType,
    name: str,
    tag: str,
) -> None:
    def build(cache: Cache, step: AbstractContextManager[None]) -> Path:
        def make(into: Path) -> None:
            with step:
                (into / "image.tar").write_text("")
            built.append(name)

        return cache.entry(name, [name], make) / "image.tar"

    monkeypatch.setattr(module, "build", build)
    monkeypatch.setattr(parts, "_packages", lambda: (ENOUGH,))
    engine = FakeEngine()
    for _ in range(2):
        assert image(Cache(tmp_path / "cache"), cast("Engine", engine), Progress(Console(file=io.StringIO()))) == tag
        assert (built, engine.loaded) == ([name], [tag])


def test_a_machine_without_packages_is_told_before_a_load_balancer_is_built(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(parts, "_packages", lambda: (TOO_LITTLE,))
    with pytest.raises(LackingError, match="the load balancer's image cannot be built here: 3 GB free"):
        parts.balancer(Cache(tmp_path / "cache"), cast("Engine", FakeEngine()), Progress(Console(file=io.StringIO())))
