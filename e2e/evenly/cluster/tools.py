"""The kind program: the machine's own if it is new enough, else one in the cache, downloaded or compiled."""

import platform
import re
import shutil
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.request import urlopen

from evenly.cluster.cache import Cache
from evenly.errors import EvenlyError
from evenly.process import ProgramError, run
from evenly.progress import Progress

KIND_VERSION = "v0.33.0"
KIND_SOURCE = "sigs.k8s.io/kind"
KIND_RELEASES = "https://github.com/kubernetes-sigs/kind/releases/download"
VERSION_LIMIT_S = 10.0
SILENCE_LIMIT_S = 10.0  # of a download: to connect, and between two pieces
COMPILE_LIMIT_S = 300.0


def kind(cache: Cache, progress: Progress) -> Path:
    """Return a kind program of at least KIND_VERSION.

    Raises EvenlyError when the machine has none, the release cannot be downloaded, and there is no Go to compile it.
    """
    own = shutil.which("kind")
    if own and _at_least(version(Path(own)), KIND_VERSION):
        return Path(own)

    def build(folder: Path) -> None:
        with progress.step(f"fetch kind {KIND_VERSION}", usually_s=5):
            try:
                _download(folder / "kind")
            except OSError as error:  # of urllib: no route, no name, no such file
                _compile(folder, f"kind {KIND_VERSION} cannot be downloaded ({error})")

    return cache.entry("kind", [KIND_VERSION, _machine()], build) / "kind"


def version(program: Path) -> str:
    """Return the version of a kind program, such as v0.33.0."""
    found = re.search(r"v\d+\.\d+\.\d+", run(program, "version", timeout_s=VERSION_LIMIT_S))
    if not found:
        raise EvenlyError(f"{program} version names no version", "give another kind with --kind-bin")
    return found[0]


def _at_least(found: str, wanted: str) -> bool:
    return [int(n) for n in found[1:].split(".")] >= [int(n) for n in wanted[1:].split(".")]


def _machine() -> str:
    architecture = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    return f"{sys.platform}-{architecture}"


def _download(program: Path) -> None:
    url = f"{KIND_RELEASES}/{KIND_VERSION}/kind-{_machine()}"
    with urlopen(url, timeout=SILENCE_LIMIT_S) as answer, program.open("wb") as file:  # noqa: S310 - a constant https URL
        shutil.copyfileobj(answer, file)
    program.chmod(0o755)


def _compile(folder: Path, problem: str) -> None:
    if not shutil.which("go"):
        raise EvenlyError(problem, f"install kind {KIND_VERSION} or newer, or Go, or give --kind-bin")
    with TemporaryDirectory(dir=folder) as scratch:  # Go would fill folders of the user's
        places = {"GOBIN": str(folder), "GOPATH": scratch, "GOCACHE": f"{scratch}/build", "GOFLAGS": "-modcacherw"}
        try:
            run(
                *("go", "install", "-trimpath", f"{KIND_SOURCE}@{KIND_VERSION}"),
                timeout_s=COMPILE_LIMIT_S,
                env={**places, "CGO_ENABLED": "0"},
            )
        except ProgramError as error:
            raise EvenlyError(f"{problem}, nor compiled: {error.problem}", f"install kind {KIND_VERSION} or newer") from None
