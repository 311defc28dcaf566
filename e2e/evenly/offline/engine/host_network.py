"""What an engine changes on its host, recorded before it starts and put back when it has ended."""

import os
import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TypedDict

from evenly.cluster.cache.disk_errors import remove
from evenly.process import run

COMMAND_LIMIT_S = 20.0
CGROUPS = Path("/sys/fs/cgroup")
FAMILIES = {"ip": "iptables", "ip6": "ip6tables"}

# Written by dockerd, and by the kubelet of a node, which has no copy of its own of these.
SYSCTLS = (
    "net/ipv4/ip_forward",
    "net/ipv6/conf/default/forwarding",
    "net/ipv6/conf/all/forwarding",
    "net/bridge/bridge-nf-call-iptables",
    "net/bridge/bridge-nf-call-ip6tables",
    "vm/overcommit_memory",
    "vm/panic_on_oom",
    "kernel/panic",
    "kernel/panic_on_oops",
    "kernel/keys/root_maxkeys",
    "kernel/keys/root_maxbytes",
)
# Made by containerd and dockerd whatever their configuration says.
FOLDERS = ("/opt/containerd", "/run/containerd", "/run/docker")

# A rule of Docker's: of or to its chains, for its bridges, or for a container's call to its own published port.
DOCKERS_RULE = re.compile(r"\bDOCKER\b|\b(docker0|br-[0-9a-f]{12})\b|-s (\S+) -d \2 .*-j MASQUERADE")


class HostState(TypedDict):
    """How the host was: values of sysctls, text of iptables-save by family, nft's tables, folders that existed.

    ``boot`` names the boot that it belongs to; the next one starts from a clean host.
    """

    boot: str
    sysctls: dict[str, str]
    rules: dict[str, str]
    tables: list[str]
    folders: list[str]


def other_engine() -> int | None:
    """Return the process id of a Docker engine that shares this machine's network, if there is one, ours or not.

    Two of them would take each other's rules away.
    """
    network = Path("/proc/self/ns/net").readlink()
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended; one that is not yet buried has no exe either
            if (process / "exe").readlink().name == "dockerd" and (process / "ns/net").readlink() == network:
                return int(process.name)
    return None


def boot() -> str:
    """Return the id that the kernel gave to this boot."""
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def record(tools: Mapping[str, str]) -> HostState:
    """Return how the host is now; ``tools`` is an environment in which iptables-save and nft are found."""
    return {
        "boot": boot(),
        "sysctls": {name: path.read_text() for name in SYSCTLS if (path := Path("/proc/sys", name)).exists()},
        "rules": {family: _saved(command, tools) for family, command in FAMILIES.items()},
        "tables": _tables(tools),
        "folders": [str(path) for path in _folders() if path.exists()],
    }


def restore(before: HostState, tools: Mapping[str, str]) -> None:
    """Take away what an engine that has ended left behind; changes that others made meanwhile stay."""
    for family, command in FAMILIES.items():
        now = _saved(command, tools)
        wanted = without_docker(now, before["rules"][family])
        if wanted != now:
            run(f"{command}-restore", stdin=wanted, timeout_s=COMMAND_LIMIT_S, env=tools)
        for table in bare_tables(wanted):
            if f"{family} {table}" in set(_tables(tools)) - set(before["tables"]):
                run("nft", "delete", "table", family, table, timeout_s=COMMAND_LIMIT_S, env=tools)
    for name, value in before["sysctls"].items():
        if Path("/proc/sys", name).read_text() != value:
            Path("/proc/sys", name).write_text(value)
    for path in _folders():
        if path.exists() and str(path) not in before["folders"]:
            (_remove_cgroup if path.is_relative_to(CGROUPS) else remove)(path)


def thaw() -> None:
    """Wake all processes of containers that are frozen.

    runc freezes those of a pod for a moment while it sets up what they may do. If their node is killed just then nobody wakes
    them, and where control groups are of the first version they do not die before: their node never ends.
    """
    for state in (CGROUPS / "freezer/docker").rglob("freezer.state"):
        with suppress(OSError):  # it has ended meanwhile
            if state.read_text().strip() != "THAWED":
                state.write_text("THAWED")


def without_docker(now: str, before: str) -> str:
    """Return an iptables-save text without the chains, rules and policies of Docker that were not there ``before``."""
    known = {_uncounted(line) for line in before.splitlines()}
    policy = {line.split()[0]: line.split()[1] for line in before.splitlines() if line.startswith(":")}
    kept = []
    for line in now.splitlines():
        new = _uncounted(line) not in known
        if new and line.startswith("-A") and DOCKERS_RULE.search(line):
            continue
        if new and line.startswith(":DOCKER"):
            continue
        kept.append(re.sub(r"DROP", policy.get(":FORWARD", "ACCEPT"), line) if new and line.startswith(":FORWARD") else line)
    return "".join(f"{line}\n" for line in kept)


def bare_tables(saved: str) -> list[str]:
    """Return the tables of an iptables-save text that hold no rule, no chain of anybody's and no policy but ACCEPT."""
    tables = re.findall(r"^\*(\w+)\n(.*?)^COMMIT", saved, re.MULTILINE | re.DOTALL)
    return [name for name, body in tables if all(re.match(r":[A-Z]+ ACCEPT", line) for line in body.splitlines())]


def _saved(command: str, tools: Mapping[str, str]) -> str:
    saved = run(f"{command}-save", timeout_s=COMMAND_LIMIT_S, env=tools)
    return "".join(f"{line}\n" for line in saved.splitlines() if not line.startswith("#"))  # comments hold the time


def _tables(tools: Mapping[str, str]) -> list[str]:
    listed = run("nft", "list", "tables", timeout_s=COMMAND_LIMIT_S, env=tools)
    return [line.removeprefix("table ") for line in listed.splitlines()]


def _uncounted(line: str) -> str:
    return re.sub(r" \[\d+:\d+\]$", "", line)


def _folders() -> list[Path]:
    groups = [CGROUPS, *(path for path in CGROUPS.glob("*") if path.is_dir())]  # version 2, and each hierarchy of 1
    return [*map(Path, FOLDERS), *(group / "docker" for group in groups)]


def _remove_cgroup(group: Path) -> None:
    for folder, _, _ in os.walk(group, topdown=False):  # the kernel removes its files with the folder
        with suppress(OSError):  # another engine's containers are in it by now
            Path(folder).rmdir()
