"""The load balancer's image: HAProxy of Debian 13, the program that the official image's tag 3.0 holds, nothing beside it."""

from pathlib import Path

from evenly.offline.images import libraries
from evenly.offline.images.from_packages import PackagedImage

PROGRAM = "usr/sbin/haproxy"
CONFIG = "usr/local/etc/haproxy"  # where the official image has its configuration, and reads it from


def _fill(root: Path, packages: Path) -> None:
    libraries.extract([packages / PROGRAM], root=packages, into=root)
    (root / CONFIG).mkdir(parents=True)


IMAGE = PackagedImage(
    name="balancer-image",
    tag="evenly/haproxy:3.0",
    packages=(
        *("haproxy", "libc6", "libcrypt1", "libjemalloc2", "liblua5.4-0", "libpcre2-8-0", "libssl3t64", "libzstd1", "zlib1g"),
        *("libopentracing-c-wrapper0t64", "libopentracing1", "libgcc-s1", "libstdc++6"),
    ),
    fill=_fill,
    config={
        "Entrypoint": [f"/{PROGRAM}"],
        "Cmd": ["-W", "-db", "-f", f"/{CONFIG}/haproxy.cfg"],
        "StopSignal": "SIGUSR1",
    },
)
