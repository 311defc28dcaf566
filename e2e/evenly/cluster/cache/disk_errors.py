"""What goes wrong with files and disks, told as an error with its remedy."""

import errno
import os
import shutil
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


def remove(folder: Path) -> None:
    """Delete a folder and all below it; raises EvenlyError where something is mounted there, or it cannot be deleted."""
    mounts = Path("/proc/self/mountinfo")
    if mounts.exists():
        points = [Path(line.split()[4]) for line in mounts.read_text().splitlines()]
        inside = [str(point) for point in points if point.is_relative_to(folder.resolve())]
        if inside:  # rmtree would walk into it, and it may be somebody's disk
            raise EvenlyError(f"{folder} cannot be deleted: {inside[-1]} is mounted", f"umount {inside[-1]}")
    with explained(folder):
        shutil.rmtree(folder)


def _no_room(folder: Path, words: str) -> EvenlyError:
    return EvenlyError(
        f"there is no room left: {words}",
        f"free {NEEDED_GB} GB at {folder}, or on the disk that is named above; or name another cache folder: EVENLY_CACHE=PATH",
    )
