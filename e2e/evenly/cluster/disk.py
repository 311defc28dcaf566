"""What goes wrong with files and disks, told as an error with its remedy."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from evenly.errors import EvenlyError
from evenly.process import ProgramError

NEEDED_GB = 10  # 6 GB of the compiler's files, its sources and the images at most; 4 GB of it stay
NO_ROOM = (errno.ENOSPC, errno.EDQUOT)


@contextmanager
def explained(folder: Path) -> Iterator[None]:
    """Turn an error of a file below ``folder`` into an EvenlyError, and a program's that found the disk full."""
    try:
        yield
    except ProgramError as error:
        if not any(os.strerror(number).lower() in error.stderr.lower() for number in NO_ROOM):
            raise
        raise _no_room(folder, error.problem) from None
    except OSError as error:
        if error.errno in NO_ROOM:
            raise _no_room(folder, str(error)) from None
        raise EvenlyError(
            f"{error.filename or folder} cannot be used: {error.strerror or error}",
            "see whose it is (ls -ld), and give it to this user or delete it; or name another cache folder: EVENLY_CACHE=PATH",
        ) from None


def _no_room(folder: Path, words: str) -> EvenlyError:
    return EvenlyError(
        f"there is no room left: {words}",
        f"free {NEEDED_GB} GB at {folder}, or on the disk that is named above; or name another cache folder: EVENLY_CACHE=PATH",
    )
