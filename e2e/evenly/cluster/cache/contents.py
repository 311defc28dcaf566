"""What a folder of the cache held when it was whole, so that a file that was lost or cut off since is noticed."""

import json
import os
import stat
from pathlib import Path

LIST = "contents.json"


def note(folder: Path) -> None:
    """Write a list of all that ``folder`` holds into it, as its last file."""
    found = _found(folder)
    (folder / LIST).write_text(json.dumps(found))


def damage(folder: Path) -> str:
    """Tell what differs from the list, or nothing when all is as it was; a file that was added does not count.

    Compares kind, permissions and size, and reads no file: 25 ms for the 3,700 files of a Debian.
    """
    try:
        noted = json.loads((folder / LIST).read_text())
    except FileNotFoundError:
        return f"{LIST} is missing"
    except ValueError:
        return f"{LIST} cannot be read"
    found = _found(folder)
    for path, (mode, size) in noted.items():
        if path not in found:
            return f"{path} is missing"
        mode_now, size_now = found[path]
        if mode_now != mode:
            return f"{path} is {stat.filemode(mode_now)} instead of {stat.filemode(mode)}"
        if size_now != size:
            return f"{path} has {size_now} bytes instead of {size}"
    return ""


def _found(folder: Path) -> dict[str, tuple[int, int]]:
    """Map every path below ``folder`` to its mode and size; a folder's size is the file system's matter, and left out."""
    found = {}
    unread = [str(folder)]
    while unread:
        with os.scandir(unread.pop()) as entries:
            for entry in entries:
                status = entry.stat(follow_symlinks=False)
                is_folder = stat.S_ISDIR(status.st_mode)
                found[entry.path[len(str(folder)) + 1 :]] = (status.st_mode, 0 if is_folder else status.st_size)
                if is_folder:
                    unread.append(entry.path)
    return found
