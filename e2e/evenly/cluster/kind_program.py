"""The kind program: the machine's own if it is new enough, else one in the cache, downloaded or compiled."""

import platform
import re
import shutil
import sys
from pathlib import Path
from urllib.request import Request, urlopen

from evenly.cluster.cache.cache import Cache, made_before
from evenly.cluster.host.requirements import Requirement
from evenly.cluster.supplier import Supplier
from evenly.errors import EvenlyError
from evenly.process import ProgramError, run
from evenly.progress import Progress

KIND_VERSION = "v0.33.0"
KIND_SOURCE = "sigs.k8s.io/kind"
KIND_RELEASES = "https://github.com/kubernetes-sigs/kind/releases/download"
VERSION_LIMIT_S = 10.0
SILENCE_LIMIT_S = 10.0  # of a download: to connect, and between two pieces
REMEDY = f"install kind {KIND_VERSION} or newer and give --kind-bin, or install Go 1.26 or newer"


def kind(cache: Cache, progress: Progress, supplier: Supplier) -> Path:
    """Return a kind program of at least KIND_VERSION.

    Raises EvenlyError when the machine has none, the release cannot be downloaded, and it cannot be compiled either.
    """
    if own := _own():
        return own

    def build(folder: Path) -> None:
        with progress.step(f"fetch kind {KIND_VERSION}", usually_s=5):
            try:
                _download(folder / "kind")
            except OSError as error:  # of urllib: no route, no name, no such file
                try:
                    supplier.compile(cache, f"{KIND_SOURCE}@{KIND_VERSION}", folder)
                except ProgramError as failure:
                    problem = f"kind {KIND_VERSION} cannot be downloaded ({error}), nor compiled: {failure.problem}"
                    raise EvenlyError(problem, REMEDY) from None

    return cache.entry("kind", [KIND_VERSION, _machine()], build) / "kind"


def available(cache_folder: Path, supplier: Supplier) -> Requirement:
    """Tell where a kind program would come from; the release is asked for, but not downloaded."""
    if own := _own():
        return Requirement("kind", f"{own}, {version(own)}", met=True)
    if made_before(cache_folder, "kind"):
        return Requirement("kind", "fetched before", met=True)
    try:
        urlopen(Request(_release(), method="HEAD"), timeout=SILENCE_LIMIT_S).close()  # noqa: S310 - a constant https URL
    except OSError as error:
        go = supplier.compiler(cache_folder)
        problem = f"{KIND_VERSION} cannot be downloaded ({error})"
        if go.met is False:
            return Requirement("kind", f"{problem}, and nothing compiles it: {go.found}", met=False, remedy=REMEDY)
        return Requirement("kind", f"{problem}; Go compiles it when it is needed (not tried)", None, REMEDY)
    return Requirement("kind", f"{KIND_VERSION} can be downloaded", met=True)


def version(program: Path) -> str:
    """Return the version of a kind program, such as v0.33.0."""
    found = re.search(r"v\d+\.\d+\.\d+", run(program, "version", timeout_s=VERSION_LIMIT_S))
    if not found:
        raise EvenlyError(f"{program} version names no version", "give another kind with --kind-bin")
    return found[0]


def _own() -> Path | None:
    own = shutil.which("kind")
    try:
        return Path(own) if own and _at_least(version(Path(own)), KIND_VERSION) else None
    except EvenlyError:  # such as a version manager that has none chosen
        return None


def _at_least(found: str, wanted: str) -> bool:
    return [int(n) for n in found[1:].split(".")] >= [int(n) for n in wanted[1:].split(".")]


def _machine() -> str:
    architecture = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    return f"{sys.platform}-{architecture}"


def _release() -> str:
    return f"{KIND_RELEASES}/{KIND_VERSION}/kind-{_machine()}"


def _download(program: Path) -> None:
    with urlopen(_release(), timeout=SILENCE_LIMIT_S) as answer, program.open("wb") as file:  # noqa: S310 - a constant https URL
        shutil.copyfileobj(answer, file)
    program.chmod(0o755)
