"""Programs taken out of a Debian root together with the shared libraries that they need."""

import re
import shutil
from collections.abc import Iterable
from pathlib import Path

from evenly.errors import EvenlyError
from evenly.process import run

LIST_LIMIT_S = 10.0
MERGED = ("bin", "sbin", "lib", "lib64")  # links to their namesakes below usr, as in every Debian since 12


def merge_usr(root: Path) -> None:
    """Make the links from / into /usr that Debian's packages count on, where ``root`` does not have them."""
    for name in MERGED:
        (root / "usr" / name).mkdir(parents=True, exist_ok=True)
        if not (root / name).exists():
            (root / name).symlink_to(f"usr/{name}")


def extract(files: Iterable[Path], *, root: Path, into: Path) -> None:
    """Copy programs and plug-ins that lie below ``root``, and every library that they need, to the same places in ``into``.

    Raises EvenlyError naming a library that ``root`` does not hold, and ProgramError for a file that is not dynamic.
    """
    merge_usr(into)
    loader = next(root.glob("lib*/ld-linux*.so.*"))
    wanted = {loader}
    for file in files:
        wanted |= {file, *_needed(file, root, loader)}
    for path in wanted:
        copy = into / path.relative_to(root)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, copy)


def _needed(file: Path, root: Path, loader: Path) -> set[Path]:
    """Ask the root's own loader which libraries it would load, without running the program."""
    folders = ":".join(str(path) for path in root.glob("usr/lib/*-linux-gnu*"))
    listed = run(loader, "--inhibit-cache", "--library-path", folders, "--list", file, timeout_s=LIST_LIMIT_S)
    needed = set()
    for name, found in re.findall(r"^\s+(\S+) => (not found|\S+)", listed, re.MULTILINE):
        # The loader also looks into this machine's folders, where a library of another release may lie.
        if not Path(found).is_relative_to(root):
            raise EvenlyError(
                f"{file.name} needs {name}, which is not among the unpacked packages",
                "add the Debian package that holds it to the list in evenly.offline",
            )
        needed.add(Path(found))
    return needed
