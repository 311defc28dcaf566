"""The compiler works while other things are done, and ends with them; what it says is passed on."""

import os
import platform
import re
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import pytest

from evenly.cluster.cache import cache as cache_module
from evenly.cluster.cache.cache import Cache
from evenly.errors import EvenlyError
from evenly.offline.compiler import binaries, toolchain
from evenly.process import ProgramError

GO_MOD = (binaries.SOURCES / "go.mod").read_text()


@pytest.fixture
def compiler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Return what puts a script in the place of Go; ``$DONE`` is a file that it may make."""

    def replace(script: str) -> None:
        go = tmp_path / "go"
        go.write_text(f"#!/bin/sh\n{script}\n")
        go.chmod(0o755)
        monkeypatch.setattr(toolchain, "go", lambda _: go)
        monkeypatch.setenv("DONE", str(tmp_path / "done"))

    return replace


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cache:
    monkeypatch.setattr(cache_module, "IN_MEMORY", tmp_path)
    monkeypatch.setattr(binaries, "_has_room", lambda _: True)
    return Cache(tmp_path / "cache")


def assert_nothing_is_left(cache: Cache) -> None:
    assert {path.name for path in cache.root.iterdir()} == {"CACHEDIR.TAG", "locks"}
    assert not cache.memory.exists()


def test_every_module_of_kubernetes_has_its_version() -> None:
    version = binaries.kubernetes_version()
    replaced = re.findall(r"^\t(k8s\.io/\S+) => (\S+) (\S+)$", GO_MOD, re.MULTILINE)
    assert len(replaced) == 33
    assert all(source == target for source, target, _ in replaced)
    assert {number for _, _, number in replaced} == {re.sub(r"^v1\.", "v0.", version)}


def test_the_compiler_runs_while_other_things_are_done(compiler: Callable[[str], None], cache: Cache, tmp_path: Path) -> None:
    (tmp_path / "images/base/files").mkdir(parents=True)
    (tmp_path / "images/base/files/entrypoint").write_text("#!/bin/bash")
    os.mkfifo(tmp_path / "done")
    compiler(f'case $1 in build) read line < "$DONE";; list) echo {tmp_path};; esac')
    # A fifo has no room: each end waits for the other, so this ends only if both are there at once.
    built = binaries.build(cache, nullcontext(), meanwhile=lambda: (tmp_path / "done").write_text("go on\n"))
    assert (built.files / "entrypoint").read_text() == "#!/bin/bash"


def test_what_was_compiled_is_taken_again_but_not_on_another_kind_of_machine(
    compiler: Callable[[str], None], cache: Cache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "images/base/files").mkdir(parents=True)
    compiler(f'case $1 in build) echo compiled >> "$DONE";; list) echo {tmp_path};; esac')
    for machine, compiled in (("x86_64", 1), ("x86_64", 1), ("aarch64", 2)):
        monkeypatch.setattr(platform, "machine", lambda machine=machine: machine)
        binaries.build(cache, nullcontext(), meanwhile=lambda: None)
        assert len((tmp_path / "done").read_text().splitlines()) == compiled


def test_what_the_compiler_says_last_is_told(compiler: Callable[[str], None], cache: Cache) -> None:
    compiler("echo './main.go:3:1: undefined: x' >&2; exit 1")
    with pytest.raises(ProgramError, match=r"exit code 1(.|\n)*undefined: x"):
        binaries.build(cache, nullcontext(), meanwhile=lambda: None)


def test_a_download_that_breaks_off_is_told_with_what_to_check_and_leaves_nothing(
    compiler: Callable[[str], None], cache: Cache
) -> None:
    compiler(
        'echo half > "$GOMODCACHE/kubernetes.zip"; echo half > "$GOCACHE/package.a"\n'
        "echo 'node/main.go:9:2: k8s.io/kubernetes@v1.37.2: Get \"https://proxy/k8s.io\": unexpected EOF' >&2; exit 1"
    )
    with pytest.raises(ProgramError, match=r"unexpected EOF(.|\n)*check the network and the module proxy") as caught:
        binaries.build(cache, nullcontext(), meanwhile=lambda: None)
    assert len(str(caught.value).splitlines()) < 24
    assert_nothing_is_left(cache)


@pytest.mark.parametrize("interruption", [KeyboardInterrupt(), EvenlyError("the mirror is gone", "wait")], ids=["^C", "error"])
def test_what_goes_wrong_meanwhile_ends_the_compiler_and_leaves_nothing(
    compiler: Callable[[str], None], cache: Cache, tmp_path: Path, interruption: BaseException
) -> None:
    os.mkfifo(tmp_path / "done")
    compiler('echo $$ > "$DONE"; exec sleep 60')
    pids = []

    def interrupted() -> None:
        pids.append(int((tmp_path / "done").read_text()))
        raise interruption

    with pytest.raises(type(interruption)) as caught:
        binaries.build(cache, nullcontext(), meanwhile=interrupted)
    assert caught.value is interruption
    with pytest.raises(ProcessLookupError):
        os.kill(pids[0], 0)
    assert_nothing_is_left(cache)
