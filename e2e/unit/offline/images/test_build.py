"""What the engine holds is not made again; what it lost is made again from the parts in the cache."""

import io
import json
import os
import shutil
import tarfile
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import IO, TYPE_CHECKING, cast

import pytest
from rich.console import Console

from evenly.cluster.cache.cache import Cache
from evenly.cluster.host.requirements import LackingError, Requirement, lacking
from evenly.cluster.supplier import Built
from evenly.offline import apt
from evenly.offline.compiler import binaries, toolchain
from evenly.offline.images import backend_image, balancer_image, node_image, python_image, rootfs, runtime
from evenly.offline.images import build as parts
from evenly.offline.images.from_packages import PackagedImage
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
        images = {module.IMAGE.name: module.IMAGE for module in (backend_image, balancer_image, python_image)}
        tag = images[name].tag
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
    monkeypatch.setattr(PackagedImage, "build", lambda image, cache, step: folder(image.name)(cache, step))
    monkeypatch.setattr(node_image, "load", load)
    monkeypatch.setattr(parts, "requirements", lambda _: (ENOUGH,))
    return calls


def fill(root: Path, packages: Path) -> None:
    shutil.copy2(packages / "program", root)


@pytest.fixture
def unpacked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[Sequence[str]]:
    """Put one program in the place of what apt fetches, and return what it was asked for."""
    asked: list[Sequence[str]] = []

    def unpack(packages: Sequence[str], *, into: Path, cache: Cache, suite: str) -> None:
        assert (cache.root, suite) == (tmp_path / "cache", "trixie")
        (into / "program").touch()
        asked.append(packages)

    monkeypatch.setattr(apt, "unpack", unpack)
    return asked


@pytest.fixture
def build(tmp_path: Path) -> Callable[[FakeEngine], tuple[Built, str]]:
    def run(engine: FakeEngine) -> tuple[Built, str]:
        said = io.StringIO()
        got = parts.build(Cache(tmp_path / "cache"), cast("Engine", engine), Progress(Console(file=said, soft_wrap=True)))
        return got, said.getvalue()

    return run


def test_the_first_run_tells_every_step_and_makes_everything_once(
    built: list[str], build: Callable[[FakeEngine], tuple[Built, str]]
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
    built: list[str], build: Callable[[FakeEngine], tuple[Built, str]]
) -> None:
    engine = FakeEngine()
    first, _ = build(engine)
    built.clear()
    engine.loaded.clear()
    assert build(engine) == (first, "")
    assert (built, engine.loaded) == ([], [])


def test_images_that_the_engine_lost_are_made_from_what_the_cache_has(
    built: list[str], build: Callable[[FakeEngine], tuple[Built, str]]
) -> None:
    build(FakeEngine())
    built.clear()
    other = FakeEngine()
    _, said = build(other)
    assert built == []
    assert other.loaded == ["evenly/node:v1.37.2", "evenly/nginx:1.26"]
    assert "[5/5]" in said


def test_a_machine_that_lacks_something_is_told_before_anything_is_compiled(
    monkeypatch: pytest.MonkeyPatch, built: list[str], build: Callable[[FakeEngine], tuple[Built, str]]
) -> None:
    monkeypatch.setattr(parts, "requirements", lambda _: (TOO_LITTLE,))
    with pytest.raises(LackingError, match="images cannot be built here: 3 GB free") as caught:
        build(FakeEngine())
    assert caught.value.remedy == "free some"
    assert built == []


def test_what_was_built_is_used_on_a_machine_that_could_not_build_it_any_more(
    monkeypatch: pytest.MonkeyPatch, built: list[str], build: Callable[[FakeEngine], tuple[Built, str]]
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


@pytest.mark.parametrize(("name", "tag"), [("haproxy", "evenly/haproxy:3.0"), ("python", "evenly/python:3.13")])
def test_a_late_image_is_built_once_and_loaded_where_the_engine_lacks_it(
    monkeypatch: pytest.MonkeyPatch, unpacked: list[Sequence[str]], tmp_path: Path, name: str, tag: str
) -> None:
    wanted = parts.ON_DEMAND[name]
    monkeypatch.setitem(parts.ON_DEMAND, name, replace(wanted, image=replace(wanted.image, fill=fill)))
    monkeypatch.setattr(parts, "_packages", lambda: (ENOUGH,))
    engine = FakeEngine()
    for _ in range(2):
        made = parts.image(name, Cache(tmp_path / "cache"), cast("Engine", engine), Progress(Console(file=io.StringIO())))
        assert made == tag
        assert (unpacked, engine.loaded) == ([wanted.image.packages], [tag])


@pytest.mark.usefixtures("unpacked")
def test_an_image_of_packages_names_its_key_and_its_program(tmp_path: Path) -> None:
    built = replace(balancer_image.IMAGE, fill=fill).build(Cache(tmp_path / "cache"), nullcontext())
    with tarfile.open(built) as saved:
        contents = {member.name: cast("IO[bytes]", saved.extractfile(member)).read() for member in saved}
    (manifest,) = json.loads(contents["manifest.json"])
    assert manifest["RepoTags"] == ["evenly/haproxy:3.0"]
    config = json.loads(contents[manifest["Config"]])["config"]
    assert config["Labels"] == {"evenly.key": built.parent.name}
    assert config["Entrypoint"] == ["/usr/sbin/haproxy"]


def test_a_machine_without_packages_is_told_before_a_load_balancer_is_built(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(parts, "_packages", lambda: (TOO_LITTLE,))
    with pytest.raises(LackingError, match="the load balancer's image cannot be built here: 3 GB free"):
        parts.image("haproxy", Cache(tmp_path / "cache"), cast("Engine", FakeEngine()), Progress(Console(file=io.StringIO())))
