"""The other load generators as programs: Debian's, and one that Go compiles; all of them in the cache."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from evenly.cluster.cache.cache import Cache
from evenly.offline import apt
from evenly.offline.compiler import toolchain
from evenly.progress import Progress

DEBIAN = ("wrk", "libluajit-5.1-2", "apache2-utils", "libapr1", "libaprutil1")  # the libraries are those that a system may lack
FORTIO = "fortio.org/fortio@v1.66.5"


@dataclass(frozen=True, slots=True)
class Programs:
    """Where each program is, by name, and the environment in which it finds its libraries."""

    paths: Mapping[str, Path]
    environment: Mapping[str, str]


def fetch(cache: Cache, progress: Progress) -> Programs:
    """Return the programs, made on the first call; raises ProgramError when a registry does not give them."""

    def unpack(folder: Path) -> None:
        with progress.step("fetch wrk and ab", usually_s=6):
            apt.unpack(DEBIAN, into=folder, cache=cache)

    def compile_(folder: Path) -> None:
        with progress.step("compile fortio", usually_s=60):
            toolchain.install(cache, FORTIO, folder)

    debian = cache.entry("bench-debian", [*DEBIAN, apt.machine_codename()], unpack)
    go = cache.entry("bench-fortio", [FORTIO], compile_)
    paths = {name: debian / "usr" / "bin" / name for name in ("wrk", "ab")} | {"fortio": go / "fortio"}
    return Programs(paths, {"LD_LIBRARY_PATH": ":".join(map(str, debian.glob("usr/lib/*-linux-gnu*")))})
