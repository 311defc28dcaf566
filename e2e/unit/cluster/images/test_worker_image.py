"""The image of worker pods: made once of what is installed here, and made anew when that changes."""

from __future__ import annotations

import io
import sys
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest
from rich.console import Console

from evenly.cluster.cache.cache import Cache
from evenly.cluster.engine import gateway
from evenly.cluster.images import worker_image
from evenly.cluster.images.sources import Sources
from evenly.errors import EvenlyError
from evenly.process import ProgramError
from evenly.progress import Progress
from evenly.settings import ClusterFrom
from unit.cluster.fakes import FakeSupplier

if TYPE_CHECKING:
    from collections.abc import Callable

    from evenly.cluster.engine.engine import Engine

IMAGE = f"evenly/locust:{version('locust')}"
MADE, LEFT = "4a1c", "77d0"  # containers: that of this run, and one that a killed run has left


class FakeEngine:
    """Keeps a diary, and holds an image by its label once one was committed; ``fails`` is the command that does."""

    def __init__(self) -> None:
        self.diary: list[str] = []
        self.label = ""
        self.fails = ""
        self.gateways = ""
        self.left = False

    def docker(self, *args: str | Path, timeout_s: float) -> str:
        assert timeout_s > 0
        self.diary.append(" ".join(map(str, args)))
        if args[0] == self.fails:
            raise ProgramError(f"docker {self.fails} failed", "see why")
        if args[0] == "commit":
            self.label = str(args[2]).removeprefix("LABEL ")
        if args[0] == "ps":
            return f"{LEFT}\n" if args[-1] == f"label={worker_image.MAKING}" and self.left else ""
        if args[0] == "create":
            return f"{MADE}\n"
        if args[:2] == ("image", "ls"):
            return "id\n" if self.label and f"label={self.label}" in args else ""
        return self.gateways if args[0] == "network" else ""

    @property
    def made(self) -> list[str]:
        return [line for line in self.diary if not line.startswith(("image", "ps"))]


@pytest.fixture
def engine() -> FakeEngine:
    return FakeEngine()


@pytest.fixture
def fetched(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """Put a folder in the place of what pip fetches, and return what it was told."""
    told: list[tuple[str, ...]] = []

    def run(*argv: str | Path, timeout_s: float, remedy: str) -> str:
        assert timeout_s > 0
        assert "pip" in remedy
        words = tuple(map(str, argv))
        told.append(words)
        folder = Path(words[words.index("--target") + 1])
        folder.mkdir()
        (folder / "locust.py").touch()
        return ""

    monkeypatch.setattr(worker_image, "run", run)
    monkeypatch.setattr(Sources, "python_image", lambda _: "evenly/python:3.13")
    monkeypatch.setattr(worker_image, "image_id", lambda *_: "sha256:python")
    return told


@pytest.fixture
def obtain(engine: FakeEngine, tmp_path: Path) -> Callable[[], str]:
    cache, progress = Cache(tmp_path / "cache"), Progress(Console(file=io.StringIO()))
    return lambda: worker_image.obtain(Sources(cache, cast("Engine", engine), ClusterFrom.AUTO, progress, FakeSupplier()))


def test_it_is_made_once_of_the_versions_that_are_installed_here(
    obtain: Callable[[], str], fetched: list[tuple[str, ...]], engine: FakeEngine, tmp_path: Path
) -> None:
    assert obtain() == IMAGE
    assert [line.split()[0] for line in engine.made] == ["create", "cp", "start", "commit", "rm"]
    assert engine.made[0].endswith("evenly/python:3.13 python3 -m locust --version"), "which compiles what Locust imports"
    [words] = fetched
    assert words[0] == sys.executable
    assert {"--only-binary", "--constraint", "3.13"} <= set(words)
    [constraints] = (tmp_path / "cache").glob("locust-wheels-*/constraints.txt")
    assert f"locust=={version('locust')}" in constraints.read_text().splitlines()
    obtain()
    assert (len(fetched), len(engine.made)) == (1, 5), "the engine holds it"


def test_another_python_makes_another_image(
    obtain: Callable[[], str], fetched: list[tuple[str, ...]], engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    obtain()
    monkeypatch.setattr(worker_image, "image_id", lambda *_: "sha256:another")
    obtain()
    assert (len(fetched), len(engine.made)) == (1, 10)


@pytest.mark.usefixtures("fetched")
def test_a_container_that_fails_leaves_no_image_and_goes(obtain: Callable[[], str], engine: FakeEngine) -> None:
    engine.fails = "start"
    with pytest.raises(ProgramError):
        obtain()
    assert [line.split()[0] for line in engine.made] == ["create", "cp", "start", "rm"]


@pytest.mark.usefixtures("fetched")
def test_what_a_killed_run_has_left_goes_and_no_other_container(obtain: Callable[[], str], engine: FakeEngine) -> None:
    engine.left = True
    obtain()
    assert [line for line in engine.made if line.startswith("rm")] == [f"rm --force {LEFT}", f"rm --force {MADE}"]


@pytest.mark.parametrize("gateways", ["fc00:f853:ccd:e793::1 172.18.0.1 ", "172.18.0.1/16 "])
def test_pods_reach_this_machine_at_the_gateway_of_their_network(engine: FakeEngine, gateways: str) -> None:
    engine.gateways = gateways
    assert gateway.address(cast("Engine", engine)) == "172.18.0.1"


def test_a_network_without_a_gateway_is_told_with_the_remedy(engine: FakeEngine) -> None:
    with pytest.raises(EvenlyError, match="has no IPv4 gateway") as refused:
        gateway.address(cast("Engine", engine))
    assert "--workers" in refused.value.remedy
