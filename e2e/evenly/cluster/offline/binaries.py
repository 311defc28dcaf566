"""The programs of a Kubernetes node, kind and pause, compiled from the Go modules that go/go.mod pins."""

import os
import platform
import re
import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from subprocess import TimeoutExpired
from tempfile import TemporaryDirectory

from evenly.cluster.cache import Cache, key
from evenly.cluster.offline import toolchain
from evenly.cluster.offline.scratch import scratch
from evenly.process import ProgramError, run, start, stop

SOURCES = Path(__file__).with_name("go")
COMPILE_LIMIT_S = 1800.0
LIST_LIMIT_S = 30.0

# SELinux as in Kubernetes' own builds; the others leave out what nobody calls here, and what forbids dead-code removal.
TAGS = "selinux,notest,grpcnotrace"
# The files of Go's cache are written and read once, 3.6 GB in all: in memory that saves 26 s of 276 s.
IN_MEMORY = Path("/dev/shm")  # noqa: S108 - the folder below it is made for us alone
ROOM_FOR_CACHE = 6 * 2**30
ROOM_FOR_COMPILER = 4 * 2**30


@dataclass(frozen=True, slots=True)
class Binaries:
    """What was compiled: ``node`` is all programs of a node in one, ``files`` what kind lays over a node's root."""

    node: Path
    kind: Path
    pause: Path
    files: Path


def build(cache: Cache, step: AbstractContextManager[None], *, meanwhile: Callable[[], object]) -> Binaries:
    """Compile what is not in the cache yet, about five minutes on two cores, and call ``meanwhile`` during that time.

    Raises ProgramError with the compiler's last lines.
    """
    inputs: list[str | Path] = [SOURCES, TAGS, *_linker_flags(), platform.machine()]

    def compile_all(into: Path) -> None:
        with step:
            _compile(cache, into, meanwhile)

    folder = cache.entry("binaries", inputs, compile_all)
    return Binaries(folder / "node", folder / "kind", folder / "pause", folder / "files")


def kubernetes_version() -> str:
    """Return the version of Kubernetes that go.mod asks for, such as v1.37.2."""
    return next(re.finditer(r"\sk8s\.io/kubernetes (v\S+)", (SOURCES / "go.mod").read_text()))[1]


def _compile(cache: Cache, into: Path, meanwhile: Callable[[], object]) -> None:
    go = toolchain.go(cache)
    builds = IN_MEMORY / f"evenly-{key([str(cache.root)])}" if _has_room() else into / "builds"
    with TemporaryDirectory(dir=into) as modules, scratch(builds):
        environment = {
            "CGO_ENABLED": "0",
            "GOCACHE": str(builds),
            "GOFLAGS": "-buildvcs=false -modcacherw",  # or the module folder could not be deleted
            "GOGC": "400",
            "GOMODCACHE": modules,
            "GOTMPDIR": str(builds),
            "GOTOOLCHAIN": "local",
            "GOWORK": "off",
        }
        with start(
            *(go, "build", "-trimpath", "-gcflags=all=-dwarf=false", f"-tags={TAGS}"),
            *("-ldflags", " ".join(["-s", "-w", *_linker_flags()]), "-o", f"{into}/"),
            *("./node", "./pause", "sigs.k8s.io/kind"),
            cwd=SOURCES,
            env=environment,
        ) as compiler:
            try:
                meanwhile()
                _, stderr = compiler.communicate(timeout=COMPILE_LIMIT_S)
            except TimeoutExpired:
                raise ProgramError(
                    f"go build did not end within {COMPILE_LIMIT_S:g} s", "try again on a machine with less to do"
                ) from None
            finally:
                stop(compiler)
        if compiler.returncode != 0:
            lines = "\n".join(f"  | {line}" for line in stderr.splitlines()[-20:])
            raise ProgramError(f"go build ended with exit code {compiler.returncode}\n{lines}", "look at the lines above")
        kind = run(
            *(go, "list", "-m", "-f", "{{.Dir}}", "sigs.k8s.io/kind"),
            timeout_s=LIST_LIMIT_S,
            cwd=SOURCES,
            env=environment,
        )
        shutil.copytree(Path(kind.strip()) / "images" / "base" / "files", into / "files")


def _linker_flags() -> list[str]:
    version = kubernetes_version()
    major, minor = version.removeprefix("v").split(".")[:2]
    values = {"gitVersion": version, "gitMajor": major, "gitMinor": minor}
    packages = ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version")
    return [f"-X {package}.{name}={value}" for package in packages for name, value in values.items()]


def _has_room() -> bool:
    memory = Path("/proc/meminfo")
    if not (IN_MEMORY.is_dir() and os.access(IN_MEMORY, os.W_OK) and memory.exists()):
        return False
    available = int(re.findall(r"MemAvailable:\s+(\d+) kB", memory.read_text())[0]) * 1024
    room = shutil.disk_usage(IN_MEMORY).free
    return room >= ROOM_FOR_CACHE and available >= ROOM_FOR_CACHE + ROOM_FOR_COMPILER
