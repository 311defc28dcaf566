"""Programs taken out of a Debian root together with the shared libraries that they need."""

import re
import shutil
from collections.abc import Iterable
from pathlib import Path

from evenly.errors import EvenlyError
from evenly.process import run

LIST_LIMIT_S = 30.0
MERGED = ("bin", "sbin", "lib", "lib64")  # links to their namesakes below usr, as in every Debian since 12


def merge_usr(root: Path) -> None:
    """Make the links from / into /usr that Debian's packages count on, where ``root`` does not have them."""
    for name in MERGED:
        (root / "usr" / name).mkdir(parents=True, exist_ok=True)
        if not (root / name).exists():
            (root / name).symlink_to(f"usr/{name}")


def extract(files: Iterable[str], *, root: Path, into: Path) -> None:
    """Copy programs and plug-ins, named by their path below ``root``, and every library that they need.

    Raises EvenlyError naming a library that ``root`` does not hold, and ProgramError where a file cannot be examined.
    """
    merge_usr(into)
    loader = next(path for path in root.glob("lib*/ld-linux*.so.*"))
    wanted = [*files]
    listed = run(
        *("chroot", root, "/bin/sh", "-c", 'for file; do "$0" --list "/$file"; done', f"/{loader.relative_to(root)}"),
        *wanted,
        timeout_s=LIST_LIMIT_S,
    )
    missing = re.findall(r"(\S+) => not found", listed)
    if missing:
        raise EvenlyError(
            f"the library {missing[0]} is not among the unpacked packages",
            "add the Debian package that holds it to the list in evenly.cluster.offline",
        )
    wanted += [path.lstrip("/") for path in re.findall(r"(?:=> |^\s+)(/\S+) \(", listed, re.MULTILINE)]
    wanted.append(str(loader.relative_to(root)))
    for name in dict.fromkeys(wanted):
        (into / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(root / name, into / name)
