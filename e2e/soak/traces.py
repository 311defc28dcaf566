"""What a machine shows of a run: listed before and after, the two must be equal."""

import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import gettempdir

from evenly.cluster.cache.cache import Cache
from evenly.offline.engine.programs import engine_programs
from evenly.process import run
from evenly.progress import Progress

MARK = "EVENLY_SOAK"  # a variable that all programs of a run inherit, so that they are known from those of others
COMMAND_LIMIT_S = 30.0
ROOT = 0

# Counters and the like, which move by themselves.
RESTLESS_SYSCTLS = ("fs/", "kernel/ns_last_pid", "kernel/pty/nr", "kernel/random/", "net/netfilter/nf_conntrack_count")
PLACES = tuple(map(Path, ("/etc", "/opt", "/run", "/var")))
# Everybody writes there all the time; runs get a folder for temporary files of their own, which must be empty afterwards.
SHARED = (Path(gettempdir()), Path("/var/log"))
MACHINE = (Path("/"),)
CONTROL_GROUPS = Path("/sys/fs/cgroup")

Traces = Mapping[str, frozenset[str]]


def traces(cache: Cache, ours: Iterable[Path], places: Sequence[Path] = PLACES) -> Traces:
    """List what a run could leave: by kind of thing, one line a thing.

    Files below ``ours`` are not looked at, nor are those outside ``places``. Of the whole machine only their names count: logs
    of others, this one's own among them, grow meanwhile. Rules of the packet filter are seen by root only.
    """
    skipped = {cache.root, *(path.resolve() for path in ours), *SHARED, *map(Path, ("/dev", "/proc", "/sys"))}
    return {
        "packages": _packages(),
        "processes": frozenset(_processes()),
        "interfaces": frozenset(path.name for path in Path("/sys/class/net").iterdir()),
        "mounts": frozenset(line.split(" ")[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()),
        "packet rules": frozenset(_packet_rules(cache)) if os.geteuid() == ROOT else frozenset(),
        "sysctls": frozenset(_sysctls(Path("/proc/sys"))),
        # what a container engine makes stands below a group of its own at the top of a hierarchy
        "control groups": frozenset(str(group) for level in ("*/", "*/*/") for group in CONTROL_GROUPS.glob(level)),
        "memory": frozenset([str(cache.memory)] if cache.memory.exists() else []),
        "files": frozenset(
            line for place in places if place not in skipped for line in _files(place, skipped, whole=places == MACHINE)
        ),
    }


def left(before: Traces, after: Traces) -> list[str]:
    """Return what is in one list and not in the other, one line a thing."""
    return [
        f"{kind}: {sign} {thing}"
        for kind in before
        for sign, things in (("+", after[kind] - before[kind]), ("-", before[kind] - after[kind]))
        for thing in sorted(things)
    ]


def _packages() -> frozenset[str]:
    if not shutil.which("dpkg-query"):
        return frozenset()
    return frozenset(run("dpkg-query", "--show", timeout_s=COMMAND_LIMIT_S).splitlines())


def _processes() -> Iterator[str]:
    """Yield the programs of runs: those that carry the mark, and all inside containers."""
    own = Path("/proc/self/ns/pid").readlink()
    for process in Path("/proc").glob("[0-9]*"):
        try:
            marked = f"{MARK}=".encode() in (process / "environ").read_bytes()
            if marked or (process / "ns/pid").readlink() != own:
                yield f"{process.name} {(process / 'cmdline').read_bytes().replace(bytes(1), b' ').decode()[:80]}"
        except OSError:  # it has ended, or is another user's
            continue


def _packet_rules(cache: Cache) -> Iterator[str]:
    _, tools = engine_programs(cache, Progress())
    for command in (("iptables-save",), ("ip6tables-save",), ("nft", "list", "tables")):
        for line in run(*command, timeout_s=COMMAND_LIMIT_S, env=tools).splitlines():
            if not line.startswith("#"):  # comments hold the time
                yield f"{command[0]} {line.partition(' [')[0]}"  # without counters


def _sysctls(folder: Path) -> Iterator[str]:
    for path in folder.rglob("*"):
        name = str(path.relative_to(folder))
        if path.is_file() and not name.startswith(RESTLESS_SYSCTLS):
            try:
                yield f"{name} = {path.read_text().strip()}"
            except OSError:  # to be written only
                continue


def _files(folder: Path, skipped: set[Path], *, whole: bool) -> Iterator[str]:
    """Yield folders by name, files also with size and time unless it is the ``whole`` machine; not other file systems."""
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError:
        return
    for entry in entries:
        path = Path(entry.path)
        try:
            if path in skipped or (entry.is_dir(follow_symlinks=False) and path.is_mount()):
                continue
            status = entry.stat(follow_symlinks=False)
        except OSError:  # it has gone
            continue
        if entry.is_dir(follow_symlinks=False):
            yield f"{path}/"
            yield from _files(path, skipped, whole=whole)
        else:
            yield str(path) if whole else f"{path} {status.st_size} {status.st_mtime_ns}"
