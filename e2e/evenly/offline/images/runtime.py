"""The container runtime of a node, containerd and the CNI plug-ins, from Debian packages."""

from contextlib import AbstractContextManager
from pathlib import Path

from evenly.cluster.cache.cache import Cache
from evenly.offline import apt

# Debian 12's containerd 1.6 is too old for this Kubernetes; Debian 13's runs on Debian 12's libc.
SUITE = "trixie"
PACKAGES = ("containerd", "containernetworking-plugins")


def build(cache: Cache, step: AbstractContextManager[None]) -> Path:
    """Return the folder into which the packages are unpacked."""

    def unpack(into: Path) -> None:
        with step:
            apt.unpack(PACKAGES, into=into / "root", cache=cache, suite=SUITE)

    return cache.entry("node-runtime", [SUITE, *PACKAGES], unpack) / "root"
