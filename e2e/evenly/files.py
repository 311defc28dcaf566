"""The one way to write a file of a run: whole or not at all, and in plain words when that is not possible."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from evenly.errors import EvenlyError


def unwritten(path: Path, why: str | None) -> EvenlyError:
    """Make the error that says that ``path`` cannot be written, and why, in the operating system's words."""
    return EvenlyError(
        f"{path} cannot be written: {why}",
        "free space there or make it writable, then run again; a run can also write elsewhere: --reports FOLDER",
    )


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn an OSError in the block, such as a full disk, into the EvenlyError that names ``path``."""
    try:
        yield
    except OSError as error:
        raise unwritten(path, error.strerror) from None


def write_whole(path: Path, content: str | bytes) -> None:
    """Write a file, text in UTF-8, so that a reader, a crash or a full disk never leaves half of it.

    Raises EvenlyError when it cannot be written; what was there before is there still.
    """
    temporary = path.with_name(f".{path.name}.new")
    with writing(path):
        try:
            temporary.write_bytes(content.encode() if isinstance(content, str) else content)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
