"""The load balancer's image: HAProxy of Debian 13, the program that the official image's tag 3.0 holds, nothing beside it."""

from contextlib import AbstractContextManager
from pathlib import Path
from tempfile import TemporaryDirectory

from evenly.cluster.cache.cache import Cache
from evenly.offline import apt
from evenly.offline.images import archive, libraries

TAG = "evenly/haproxy:3.0"
SUITE = "trixie"
PACKAGES = (
    *("haproxy", "libc6", "libcrypt1", "libjemalloc2", "liblua5.4-0", "libpcre2-8-0", "libssl3t64", "libzstd1", "zlib1g"),
    *("libopentracing-c-wrapper0t64", "libopentracing1", "libgcc-s1", "libstdc++6"),
)
PROGRAM = "usr/sbin/haproxy"
CONFIG = "usr/local/etc/haproxy"  # where the official image has its configuration, and reads it from


def build(cache: Cache, step: AbstractContextManager[None]) -> Path:
    """Return the archive of the load balancer's image, tagged ``TAG``; `docker load` takes it."""

    def make(into: Path) -> None:
        with step, TemporaryDirectory(dir=into) as unpacked, TemporaryDirectory(dir=into) as folder:
            packages, root = Path(unpacked), Path(folder)
            apt.unpack(PACKAGES, into=packages, cache=cache, suite=SUITE)
            libraries.merge_usr(packages)
            libraries.extract([packages / PROGRAM], root=packages, into=root)
            (root / CONFIG).mkdir(parents=True)
            # An unfinished entry has its final name with an ending: that name is the key of all that goes in.
            archive.write(root, to=into / "image.tar", tags=[TAG], config=_config(into.stem))

    inputs: list[str | Path] = [SUITE, *PACKAGES, *map(Path, (__file__, archive.__file__, libraries.__file__))]
    return cache.entry("balancer-image", inputs, make) / "image.tar"


def _config(key: str) -> dict[str, object]:
    return {
        "Entrypoint": [f"/{PROGRAM}"],
        "Cmd": ["-W", "-db", "-f", f"/{CONFIG}/haproxy.cfg"],
        "Labels": {archive.LABEL: key},
        "StopSignal": "SIGUSR1",
    }
