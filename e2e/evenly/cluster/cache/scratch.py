"""A folder for what is in between, gone afterwards, whether the work was done, failed or killed."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from evenly.cluster.cache.disk_errors import remove


@contextmanager
def scratch(folder: Path) -> Iterator[Path]:
    """Lend ``folder``, empty; its name is always the same, so that what a killed run left there is found and dropped.

    The caller holds a lock, so that nobody else works there.
    """
    if folder.exists():
        remove(folder)
    folder.mkdir(mode=0o700)
    try:
        yield folder
    finally:
        remove(folder)
