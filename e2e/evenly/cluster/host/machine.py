"""What can be read of this machine without changing anything: rights, kernel, disk, memory, limits."""

import gzip
import os
import re
import shutil
from pathlib import Path

from evenly.cluster.cache.disk_errors import NEEDED_GB
from evenly.cluster.host.requirements import Requirement

PROC = Path("/proc")
CGROUPS = Path("/sys/fs/cgroup")
BOOT = Path("/boot")
MODULES = Path("/lib/modules")

RIGHTS = {"CAP_NET_ADMIN": 12, "CAP_SYS_ADMIN": 21}  # see linux/capability.h
ENGINE_OPTIONS = {  # of the kernel: containers, their network and their published ports need them
    "overlay": "OVERLAY_FS",
    "bridge": "BRIDGE",
    "veth": "VETH",
    "NAT": "NF_NAT",
    "addrtype": "NETFILTER_XT_MATCH_ADDRTYPE",
}
NFTABLES_OPTIONS = {"nftables": "NF_TABLES"}

DISK = NEEDED_GB * 10**9
MEMORY = 4 * 2**30  # what the compiler may take on two cores
# https://kind.sigs.k8s.io/docs/user/known-issues/#pod-errors-due-to-too-many-open-files
INOTIFY = {"max_user_instances": 512, "max_user_watches": 524288}


def debian() -> Requirement:
    """Tell whether packages can be fetched and unpacked as on Debian."""
    missing = [program for program in ("apt-get", "dpkg") if not shutil.which(program)]
    found = f"there is no {' and no '.join(missing)}: this is no Debian" if missing else "apt-get and dpkg are there"
    return Requirement("Debian", found, not missing, "use Debian 12 or newer, or a derivative")


def root(status: Path = PROC / "self/status") -> Requirement:
    """Tell whether this process may mount and change the network, which root in a container often may not."""
    user = os.geteuid()
    if user != 0 or not status.exists():
        found = f"this is user id {user}" if user else "this is no Linux"
        return Requirement("root", found, met=False, remedy="run as root, on Linux")
    effective = int(re.findall(r"^CapEff:\s*(\w+)", status.read_text(), re.MULTILINE)[0], 16)
    missing = [name for name, bit in RIGHTS.items() if not effective >> bit & 1]
    found = f"root without {' and '.join(missing)}, as in a container" if missing else f"with {' and '.join(RIGHTS)}"
    return Requirement("root", found, not missing, "leave the container, or start it with --privileged")


def kernel() -> Requirement:
    """Tell whether the kernel has what an engine on this machine needs."""
    return _kernel("kernel", ENGINE_OPTIONS, "boot a kernel that has them, such as Debian's own")


def nftables() -> Requirement:
    """Tell whether the kernel has nftables, without which kube-proxy's nftables mode does not work."""
    return _kernel("nftables", NFTABLES_OPTIONS, "only kube-proxy's nftables mode needs it")


def disk(folder: Path) -> Requirement:
    """Tell whether there is room for a build in ``folder``, which need not exist yet."""
    free = shutil.disk_usage(nearest(folder)).free
    found = f"{free // 10**9} GB free of {DISK // 10**9} GB needed, at {folder}"
    return Requirement("disk", found, free >= DISK, "free some, or name a cache folder on a larger disk: EVENLY_CACHE=...")


def nearest(folder: Path) -> Path:
    """Return the folder, or the one above it that exists."""
    return next(path for path in (folder, *folder.parents) if path.exists())


def memory(meminfo: Path = PROC / "meminfo") -> Requirement:
    """Tell whether the compiler has enough memory; with less it may still do, and swap."""
    if not meminfo.exists():
        return Requirement("memory", "not told by this system", met=None)
    available = int(re.findall(r"MemAvailable:\s+(\d+) kB", meminfo.read_text())[0]) * 1024
    found = f"{available / 2**30:.1f} GiB available, the compiler takes up to {MEMORY / 2**30:.0f}"
    return Requirement("memory", found, available >= MEMORY or None, "end other programs if the compiler is killed")


def inotify(limits: Path = PROC / "sys/fs/inotify") -> Requirement:
    """Tell whether a user may watch as many files as kind advises; three nodes often do with fewer."""
    if not limits.exists():
        return Requirement("inotify", "not told by this system", met=None)
    found = {name: int((limits / name).read_text()) for name in INOTIFY}
    words = ", ".join(f"{name} {value} (kind advises {INOTIFY[name]})" for name, value in found.items())
    remedy = "if pods say “too many open files”: " + "; ".join(f"sysctl fs.inotify.{n}={v}" for n, v in INOTIFY.items())
    return Requirement("inotify", words, all(found[name] >= INOTIFY[name] for name in INOTIFY) or None, remedy)


def cgroup(groups: Path = CGROUPS) -> Requirement:
    """Tell the version of control groups: Kubernetes 1.35 and later refuse version 1 unless its nodes are told not to."""
    if (groups / "cgroup.controllers").exists():
        return Requirement("cgroup", "version 2", met=True)
    found = "version 1, which the pulled node image may refuse" if groups.exists() else "not told by this system"
    return Requirement("cgroup", found, met=None, remedy="if nodes do not start: --cluster-from built, whose nodes accept it")


def _kernel(name: str, options: dict[str, str], remedy: str) -> Requirement:
    release = os.uname().release
    wanted = ", ".join(options)
    config = _kernel_config(release)
    if not config:
        return Requirement(name, f"{release}; whether it has {wanted} cannot be read here", met=None)
    state = {word: re.search(rf"^CONFIG_{option}=([ym])$", config, re.MULTILINE) for word, option in options.items()}
    if missing := [word for word, found in state.items() if not found]:
        return Requirement(name, f"{release} is without {', '.join(missing)}", met=False, remedy=remedy)
    modules = [word for word, found in state.items() if found and found[1] == "m"]
    if modules and not (MODULES / release).is_dir():
        found_out = f"{release}; {', '.join(modules)}: modules, whose files are not here"
        return Requirement(name, found_out, met=None, remedy="load them where the kernel was booted: modprobe")
    return Requirement(name, f"{release} has {wanted}", met=True)


def _kernel_config(release: str) -> str:
    """Return the configuration the running kernel was made with, or nothing where it cannot be read."""
    try:
        packed = PROC / "config.gz"
        return gzip.decompress(packed.read_bytes()).decode() if packed.exists() else (BOOT / f"config-{release}").read_text()
    except OSError:
        return ""
