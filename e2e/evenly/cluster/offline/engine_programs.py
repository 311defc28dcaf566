"""The programs of the private engine: Debian's Docker, and of its helpers those that the machine lacks."""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from evenly.cluster.cache import Cache
from evenly.cluster.offline import apt
from evenly.progress import Progress

# Debian 12's own engine cannot run --privileged where CAP_SYS_RESOURCE is missing; these need no more than libc 2.34.
ENGINE_SUITE = "trixie"
ENGINE_PACKAGES = ("docker.io", "docker-cli", "containerd")
ENGINE_PROGRAMS = ("docker", "dockerd", "containerd", "containerd-shim-runc-v2", "ctr")

# Of the machine's own release, where missing: programs that the engine calls, with every library they may need.
HELPERS = {
    "runc": ("runc", "libseccomp2"),
    "iptables": ("iptables", "libip4tc2", "libip6tc2", "libnetfilter-conntrack3", "libnfnetlink0", "libxtables12"),
    "nft": ("nftables", "libnftables1", "libedit2", "libbsd0", "libmd0", "libtinfo6", "libjansson4", "libgmp10"),
}
NETFILTER_LIBRARIES = ("libnftnl11", "libmnl0", "libxtables12")
IPTABLES_COMMANDS = ("iptables", "iptables-save", "iptables-restore", "ip6tables", "ip6tables-save", "ip6tables-restore")


def engine_programs(cache: Cache, progress: Progress) -> tuple[Path, Mapping[str, str]]:
    """Return the folder of the engine's programs and the environment in which they find each other."""
    missing = [name for name in HELPERS if not shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")]
    packages = [package for name in missing for package in HELPERS[name]]
    if missing:
        packages += NETFILTER_LIBRARIES

    def build(folder: Path) -> None:
        with progress.step("fetch a private Docker engine", usually_s=10):
            apt.unpack(ENGINE_PACKAGES, into=folder / "engine", cache=cache, suite=ENGINE_SUITE)
            if packages:
                apt.unpack(packages, into=folder / "machine", cache=cache)
        programs = folder / "bin"
        programs.mkdir()
        for name in ENGINE_PROGRAMS:
            _link(programs / name, folder / "engine", name)
        for name in missing:
            if name == "iptables":
                for command in IPTABLES_COMMANDS:
                    _link(programs / command, folder / "machine", "xtables-nft-multi")
            else:
                _link(programs / name, folder / "machine", name)

    inputs = [ENGINE_SUITE, *ENGINE_PACKAGES, *packages, apt.machine_codename()]
    folder = cache.entry("engine-programs", inputs, build)
    libraries = [*folder.glob("machine/usr/lib/*-linux-gnu*"), *folder.glob("machine/lib/*-linux-gnu*")]
    environment = {"PATH": f"{folder / 'bin'}:{os.environ['PATH']}:/usr/sbin:/sbin"}
    if libraries:
        environment["LD_LIBRARY_PATH"] = ":".join(map(str, libraries))
    for extensions in folder.glob("machine/usr/lib/*/xtables"):
        environment["XTABLES_LIBDIR"] = str(extensions)
    return folder / "bin", environment


def _link(link: Path, root: Path, program: str) -> None:
    target = next(path for place in ("usr/bin", "usr/sbin", "bin", "sbin") if (path := root / place / program).exists())
    link.symlink_to(Path("..") / target.relative_to(link.parent.parent))  # relative: the folder is moved when it is whole
