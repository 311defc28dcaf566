"""The programs of a Kubernetes node, kind and pause, compiled from the Go modules that go/go.mod pins."""

import os
import platform
import re
import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from evenly.cluster.cache.cache import Cache
from evenly.cluster.cache.scratch import scratch
from evenly.offline.compiler import toolchain
from evenly.process import finish, run, start, stop

SOURCES = Path(__file__).with_name("go")
COMPILE_LIMIT_S = 1800.0
LIST_LIMIT_S = 30.0
REMEDY = (
    "if a download broke off: check the network and the module proxy (go env GOPROXY), then run again: what is finished is"
    " kept; else look at the lines above, which are the compiler's"
)

# SELinux as in Kubernetes' own builds; the others leave out what nobody calls here, and what forbids dead-code removal.
TAGS = "selinux,notest,grpcnotrace"
# The files of Go's cache and of its linker come to 6 GB: in memory that saves 26 s of 276 s.
ROOM_FOR_CACHE = 8 * 2**30
ROOM_FOR_COMPILER = 4 * 2**30


@dataclass(frozen=True, slots=True)
class Binaries:
    """What was compiled: ``node`` is all programs of a node in one, ``files`` what kind lays over a node's root."""

    node: Path
    kind: Path
    pause: Path
    files: Path


def build(cache: Cache, step: AbstractContextManager[None], *, meanwhile: Callable[[], object]) -> Binaries:
    """Compile what is not in the cache yet, about seven minutes on two cores, and call ``meanwhile`` during that time.

    Raises ProgramError with the compiler's last lines; what ``meanwhile`` raises ends the compiler.
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
    builds = cache.memory if _has_room(cache.memory.parent) else into / "builds"
    with TemporaryDirectory(dir=into) as modules, scratch(builds):
        environment = {
            **toolchain.discreet(),
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
                finish(compiler, timeout_s=COMPILE_LIMIT_S, remedy=REMEDY)
            finally:
                stop(compiler)
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


def _has_room(place: Path) -> bool:
    memory = Path("/proc/meminfo")
    if not (place.is_dir() and os.access(place, os.W_OK) and memory.exists()):
        return False
    available = int(re.findall(r"MemAvailable:\s+(\d+) kB", memory.read_text())[0]) * 1024
    room = shutil.disk_usage(place).free
    return room >= ROOM_FOR_CACHE and available >= ROOM_FOR_CACHE + ROOM_FOR_COMPILER
