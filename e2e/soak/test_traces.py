"""The listings that the other tests compare do see what a run could leave."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile

import pytest

from evenly.cluster.cache.cache import Cache
from soak.test_bad_days import mounted
from soak.traces import MARK, left, traces


@contextmanager
def a_file() -> Iterator[None]:
    with NamedTemporaryFile(dir="/run"):
        yield


@contextmanager
def a_program() -> Iterator[None]:
    argv = ("sleep", "60")
    with subprocess.Popen(argv, env={**os.environ, MARK: "1"}) as program:
        yield
        program.kill()


@contextmanager
def a_mount() -> Iterator[None]:
    with mounted(Path("/run/evenly-soak"), "size=1m"):
        yield
    Path("/run/evenly-soak").rmdir()


@pytest.mark.parametrize(
    ("plant", "kind"), [(a_file, "files: + /run/"), (a_program, "processes: + "), (a_mount, "mounts: + /run/evenly-soak")]
)
def test_what_is_planted_is_found(cache: Cache, plant: type, kind: str) -> None:
    before = traces(cache, [])
    with plant():
        found = left(before, traces(cache, []))
    assert any(line.startswith(kind) for line in found), found
    assert left(before, traces(cache, [])) == []
