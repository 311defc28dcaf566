"""The machine's own kind is used when it is new enough; else one is downloaded, or compiled, or the way to one is told."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING
from urllib.error import URLError

import pytest

from evenly.cluster import kind_program
from evenly.cluster.cache.cache import Cache
from evenly.cluster.host.requirements import Requirement
from evenly.errors import EvenlyError
from evenly.progress import Progress
from unit.cluster.fakes import FakeSupplier

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from unit.fakes import Machine

# what `go install` leaves; GOBIN is in its environment
GO = 'echo "go $*" >> "{diary}"; echo compiled > "$GOBIN/kind"'


@pytest.fixture
def supplier() -> FakeSupplier:
    return FakeSupplier()


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache")


@pytest.fixture
def internet(monkeypatch: pytest.MonkeyPatch) -> Callable[[bytes | None], None]:
    """Let every address on the internet give these bytes, or none be reached."""

    def becomes(content: bytes | None) -> None:
        def urlopen(_url: object, timeout: float) -> io.BytesIO:
            assert timeout > 0
            if content is None:
                raise URLError("no such host")
            return io.BytesIO(content)

        monkeypatch.setattr(kind_program, "urlopen", urlopen)

    becomes(None)
    return becomes


@pytest.fixture
def old_kind(machine: Machine) -> Machine:
    machine.runs("kind", "echo kind v0.32.9 go1.25 linux/amd64")
    return machine


def test_a_new_enough_kind_of_the_machine_is_used(machine: Machine, cache: Cache, supplier: FakeSupplier) -> None:
    assert kind_program.kind(cache, Progress(), supplier) == machine.here / "bin" / "kind"
    assert kind_program.available(cache.root, supplier).met is True


@pytest.mark.parametrize("script", ["echo kind v0.32.9", "echo nonsense", "exit 1"])
def test_an_old_or_broken_kind_is_passed_over(
    machine: Machine, cache: Cache, supplier: FakeSupplier, internet: Callable[[bytes | None], None], script: str
) -> None:
    machine.runs("kind", script)
    internet(b"downloaded")
    assert "can be downloaded" in kind_program.available(cache.root, supplier).found
    assert kind_program.kind(cache, Progress(), supplier).read_bytes() == b"downloaded"
    assert kind_program.available(cache.root, supplier).found == "fetched before"


@pytest.mark.usefixtures("internet")
def test_what_cannot_be_downloaded_is_compiled(old_kind: Machine, cache: Cache, supplier: FakeSupplier) -> None:
    supplier.go = old_kind.runs("go-of-pypi", GO.format(diary=old_kind.here / "diary"))
    assert kind_program.kind(cache, Progress(), supplier).read_text() == "compiled\n"
    assert old_kind.diary[-1] == "go install sigs.k8s.io/kind@v0.33.0"


@pytest.mark.usefixtures("internet")
def test_what_can_be_neither_downloaded_nor_compiled_ends_in_both_reasons(
    old_kind: Machine, cache: Cache, supplier: FakeSupplier
) -> None:
    supplier.go = old_kind.runs("go", "echo 'module lookup disabled' >&2; exit 1")
    with pytest.raises(EvenlyError) as caught:
        kind_program.kind(cache, Progress(), supplier)
    assert "kind v0.33.0 cannot be downloaded (<urlopen error no such host>), nor compiled" in caught.value.problem
    assert "module lookup disabled" in caught.value.problem
    assert "install kind v0.33.0 or newer" in caught.value.remedy
    assert not list(cache.root.glob("kind*"))


@pytest.mark.usefixtures("internet", "old_kind")
@pytest.mark.parametrize(("go", "kind"), [(True, None), (None, None), (False, False)])
def test_without_a_download_it_depends_on_go(
    cache: Cache, supplier: FakeSupplier, *, go: bool | None, kind: bool | None
) -> None:
    supplier.go_found = Requirement("Go", "no Go here", met=go)
    found = kind_program.available(cache.root, supplier)
    assert found.met is kind
    assert ("no Go here" in found.found) == (kind is False)
