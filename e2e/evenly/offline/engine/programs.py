"""The programs of the private engine: Debian's Docker and its helpers."""

import os
from collections.abc import Mapping
from pathlib import Path

from evenly.cluster.cache.cache import Cache
from evenly.offline import apt
from evenly.progress import Progress

# Debian 12's own engine cannot run --privileged where CAP_SYS_RESOURCE is missing; these need no more than libc 2.34.
ENGINE_SUITE = "trixie"
ENGINE_PACKAGES = ("docker.io", "docker-cli", "containerd")
ENGINE_PROGRAMS = ("docker", "dockerd", "containerd", "containerd-shim-runc-v2", "ctr")

# Of the machine's own release: programs that the engine calls, with every library they need; the machine's go first.
HELPER_PACKAGES = (
    *("runc", "libseccomp2"),
    *("iptables", "libip4tc2", "libip6tc2", "libnetfilter-conntrack3", "libnfnetlink0"),
    *("nftables", "libnftables1", "libedit2", "libbsd0", "libmd0", "libtinfo6", "libjansson4", "libgmp10"),
    *("libxtables12", "libnftnl11", "libmnl0"),
)
IPTABLES_COMMANDS = ("iptables", "iptables-save", "iptables-restore", "ip6tables", "ip6tables-save", "ip6tables-restore")


def engine_programs(cache: Cache, progress: Progress) -> tuple[Path, Mapping[str, str]]:
    """Return the folder of the engine's programs and the environment in which they find each other."""

    def build(folder: Path) -> None:
        with progress.step("fetch a private Docker engine", usually_s=10):
            apt.unpack(ENGINE_PACKAGES, into=folder / "engine", cache=cache, suite=ENGINE_SUITE)
            apt.unpack(HELPER_PACKAGES, into=folder / "helpers", cache=cache)
        for name in ENGINE_PROGRAMS:
            _link(folder / "bin" / name, folder / "engine", name)
        for name in ("runc", "nft"):
            _link(folder / "helper-bin" / name, folder / "helpers", name)
        for name in IPTABLES_COMMANDS:
            _link(folder / "helper-bin" / name, folder / "helpers", "xtables-nft-multi")

    inputs = [ENGINE_SUITE, *ENGINE_PACKAGES, apt.machine_codename(), *HELPER_PACKAGES]
    folder = cache.entry("engine-programs", inputs, build)
    helpers = folder / "helpers"
    libraries = [*helpers.glob("usr/lib/*-linux-gnu*"), *helpers.glob("lib/*-linux-gnu*")]
    return folder / "bin", {
        "PATH": f"{folder / 'bin'}:{os.environ['PATH']}:/usr/sbin:/sbin:{folder / 'helper-bin'}",
        "LD_LIBRARY_PATH": ":".join(map(str, libraries)),
        "XTABLES_LIBDIR": ":".join(map(str, helpers.glob("usr/lib/*/xtables"))),
    }


def _link(link: Path, root: Path, program: str) -> None:
    link.parent.mkdir(exist_ok=True)
    target = next(path for place in ("usr/bin", "usr/sbin", "bin", "sbin") if (path := root / place / program).exists())
    link.symlink_to(Path("..") / target.relative_to(link.parent.parent))  # relative: the folder is moved when it is whole
