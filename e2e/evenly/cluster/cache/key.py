"""A short name for exactly these inputs: what the cache files things under."""

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from evenly.errors import EvenlyError

KEY_LENGTH = 12


def key(inputs: Iterable[str | bytes | Path]) -> str:
    """Return 12 hex digits that change with any input; a path counts with its content, not with where it lies.

    Raises EvenlyError for a path that does not exist.
    """
    digest = hashlib.sha256()
    for value in inputs:
        for part in _parts(value):
            digest.update(len(part).to_bytes(8, "big"))  # or ["ab", "c"] would equal ["a", "bc"]
            digest.update(part)
    return digest.hexdigest()[:KEY_LENGTH]


def _parts(value: str | bytes | Path) -> Iterator[bytes]:
    if isinstance(value, bytes):
        yield value
    elif isinstance(value, str):
        yield value.encode()
    elif value.is_symlink():
        yield str(value.readlink()).encode()
    elif value.is_file():
        yield value.read_bytes()
    elif value.is_dir():
        for path in sorted(value.rglob("*")):
            if path.is_symlink() or path.is_file():
                yield str(path.relative_to(value)).encode()
                yield from _parts(path)
    else:
        raise EvenlyError(f"{value} does not exist, but a cache entry depends on it", "check the installation of evenly")
