"""Fixtures for every room."""

import resource
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path

import pytest
from hypothesis import settings

from unit.factories import RunOf, write_run
from unit.fakes import kubeconfig, machine

__all__ = ["kubeconfig", "machine"]  # fixtures

settings.register_profile("unit", deadline=None)  # how long an example takes tells of the machine, which others use too
settings.load_profile("unit")


@pytest.fixture
def disk_that_fills_up() -> Callable[[int], AbstractContextManager[None]]:
    """Let no file grow beyond some bytes, neither here nor in programs started meanwhile: EFBIG stands for ENOSPC."""

    @contextmanager
    def at(size: int) -> Iterator[None]:
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    return at


@pytest.fixture
def run_of(tmp_path: Path) -> RunOf:
    """Write records and return their folder."""
    return partial(write_run, tmp_path / "2026-11-24T0214-3f9c")
