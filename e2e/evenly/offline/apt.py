"""Debian packages, fetched and unpacked into a folder; nothing is installed, the system's own apt is left alone."""

import re
from collections.abc import Iterator, Sequence
from email import message_from_string
from pathlib import Path

from evenly.cluster.cache.cache import Cache
from evenly.cluster.cache.scratch import scratch
from evenly.cluster.host.requirements import Requirement
from evenly.errors import EvenlyError
from evenly.process import run

CONFIG_LIMIT_S = 10.0
INDEX_LIMIT_S = 300.0
DOWNLOAD_LIMIT_S = 600.0
UNPACK_LIMIT_S = 120.0

REMEDY = (
    "check the network (apt's proxy and mirror come from the machine's own /etc/apt), then run again: what is finished is kept;"
    " if apt names a key or a package, mend the sources there"
)

# The parts of a release that hold packages for everybody; -backports and third parties are not asked.
POCKETS = ("", "-updates", "-security")
# One-line options whose deb822 field has another name; see sources.list(5).
FIELD_OF_OPTION = {"arch": "Architectures", "lang": "Languages", "target": "Targets"}


def unpack(packages: Sequence[str], *, into: Path, cache: Cache, suite: str | None = None) -> None:
    """Download exactly these packages, without their dependencies, and unpack them into ``into``.

    ``suite`` names a release other than the machine's own, read from the same mirror with the same key. Raises
    ProgramError with apt's words, which name the package.
    """
    release = suite or machine_codename()
    into.mkdir(parents=True, exist_ok=True)
    # Two builders may ask at once, and apt would refuse the second instead of letting it wait.
    with cache.lock(f"apt-{release}"):
        environment = {"APT_CONFIG": str(_configure(cache.root / "apt" / release, release)), "LC_ALL": "C"}
        run("apt-get", "update", timeout_s=INDEX_LIMIT_S, env=environment, remedy=REMEDY)
        with scratch(cache.root / f"apt-{release}.tmp") as folder:
            run(
                *("apt-get", "download", *packages),
                timeout_s=DOWNLOAD_LIMIT_S,
                cwd=folder,
                env=environment,
                remedy=REMEDY,
            )
            for archive in sorted(folder.glob("*.deb")):
                run("dpkg", "-x", archive, into, timeout_s=UNPACK_LIMIT_S)


def machine_codename(os_release: Path = Path("/etc/os-release")) -> str:
    """Return the code name of the release that this machine runs, such as bookworm."""
    found = re.search(r"^VERSION_CODENAME=\"?([\w-]+)", os_release.read_text(), re.MULTILINE)
    if not found:
        raise EvenlyError(f"{os_release} names no VERSION_CODENAME", "use Debian or a derivative, or start Docker")
    return found[1]


def sources(suite: str, *, etc_apt: Path = Path("/etc/apt"), own: str | None = None) -> str:
    """Return deb822 sources of ``suite``: those of the machine's own release ``own``, asked for another one.

    Reads ``.sources`` and one-line ``.list`` files. Raises EvenlyError when none leads to the machine's own release.
    """
    own = own or machine_codename()
    files = [etc_apt / "sources.list", *sorted(etc_apt.glob("sources.list.d/*"))]
    found = []
    for file in files:
        if file.is_file() and file.suffix in {".list", ".sources"}:
            parse = _deb822 if file.suffix == ".sources" else _one_line
            for stanza in parse(file.read_text()):
                suites = [suite + pocket for pocket in POCKETS if own + pocket in stanza["Suites"].split()]
                if suites:
                    found.append({**stanza, "Suites": " ".join(suites)})
    if not found:
        raise EvenlyError(
            f"no source in {etc_apt} leads to the packages of {own}, the release of this machine",
            f"add one (a deb line with {own} and main), or start Docker",
        )
    return "\n".join("".join(f"{field}: {value}\n" for field, value in stanza.items()) for stanza in found)


def package_sources() -> Requirement:
    """Tell whether the machine's own apt sources lead to its release, and so to the mirror of the others."""
    try:
        release = machine_codename()
        sources(release)
    except EvenlyError as error:
        return Requirement("packages", error.problem, met=False, remedy=error.remedy)
    return Requirement("packages", f"the sources in /etc/apt lead to {release} (not tried)", met=True)


def reach() -> list[str]:
    """Return the lines of the machine's apt configuration that tell how to reach a mirror (proxy, time checks)."""
    lines = run("apt-config", "dump", "Acquire", timeout_s=CONFIG_LIMIT_S).splitlines()
    return [line for line in lines if not line.startswith(("Acquire::IndexTargets", "Acquire::Languages"))]


def _deb822(text: str) -> Iterator[dict[str, str]]:
    bare = re.sub(r"^#.*\n", "", text, flags=re.MULTILINE)
    for paragraph in re.split(r"\n\s*\n", bare):
        fields = {name.title(): value for name, value in message_from_string(paragraph.strip()).items()}
        if "deb" in fields.get("Types", "").split() and fields.pop("Enabled", "yes").lower() in {"yes", "true", "1"}:
            yield {**fields, "Types": "deb"}


def _one_line(text: str) -> Iterator[dict[str, str]]:
    for kind, options, uri, suite, components in re.findall(
        r"^\s*(deb)\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)\s+([^#\n]+)", text, re.MULTILINE
    ):
        pairs = (option.split("=", 1) for option in options.split())
        extra = {FIELD_OF_OPTION.get(name, name.title()): value.replace(",", " ") for name, value in pairs}
        yield {"Types": kind, "Uris": uri, "Suites": suite, "Components": components.strip(), **extra}


def _configure(state: Path, release: str) -> Path:
    """Write an apt configuration whose every file is below ``state``, and return it.

    The machine's own configuration counts for reaching the mirror (proxy, time checks, passwords) and for nothing else:
    its hooks would run programs that change the system.
    """
    for folder in ("lists/partial", "archives/partial", "sources"):
        (state / folder).mkdir(parents=True, exist_ok=True)
    (state / "sources" / "release.sources").write_text(sources(release))
    (state / "status").touch()
    ours = {
        "Acquire::Languages": "none",
        "Acquire::GzipIndexes": "true",
        "APT::Update::Error-Mode": "any",  # or an index that is missing shows only as a package that is not there
        "APT::Sandbox::User": "root",  # the cache is private to its user, also to apt's own
        "Dir::State": state,
        "Dir::State::lists": state / "lists",
        "Dir::State::status": state / "status",
        "Dir::Cache": state,
        "Dir::Cache::pkgcache": "",
        "Dir::Cache::srcpkgcache": "",
        "Dir::Etc::parts": "/dev/null",
        "Dir::Etc::main": "/dev/null",
        "Dir::Etc::preferences": "/dev/null",
        "Dir::Etc::preferencesparts": "/dev/null",
        "Dir::Etc::sourcelist": "/dev/null",
        "Dir::Etc::sourceparts": state / "sources",
    }
    path = state / "apt.conf"
    path.write_text("\n".join([*reach(), *(f'{name} "{value}";' for name, value in ours.items())]) + "\n")
    return path
