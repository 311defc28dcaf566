"""The root file system of a node: a small Debian with systemd, made without touching the machine's own."""

import os
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from tempfile import TemporaryDirectory

from evenly.cluster.cache.cache import Cache
from evenly.offline import apt
from evenly.process import ProgramError, run

RELEASE = "bookworm"  # systemd 252: later ones refuse a machine with cgroup v1
# As in kind's own image, less what only storage tests and pulling from registries need.
PACKAGES = (
    *("systemd", "systemd-sysv", "mount", "kmod", "procps", "jq"),
    *("conntrack", "iptables", "nftables", "iproute2", "ethtool"),
    *("runc", "e2fsprogs"),
)
NOT_NEEDED = ("/usr/share/doc/*", "/usr/share/locale/*", "/usr/share/man/*")
BOOTSTRAP_LIMIT_S = 600.0
PERL_LIMIT_S = 10.0
PERL = "/usr/bin/perl"  # Debian's own, which mmdebstrap names in its first line


def build(cache: Cache, step: AbstractContextManager[None]) -> Path:
    """Return the folder of a Debian 12 with ``PACKAGES``; raises ProgramError with the words of apt or dpkg."""

    def bootstrap(into: Path) -> None:
        with step, TemporaryDirectory(dir=into) as tools:
            _bootstrap(cache, into / "root", tools=Path(tools))

    return cache.entry("rootfs", [RELEASE, *PACKAGES, Path(__file__)], bootstrap) / "root"


def _bootstrap(cache: Cache, root: Path, *, tools: Path) -> None:
    apt.unpack(["mmdebstrap", *_missing_perl()], into=tools, cache=cache)
    sources = tools / f"{RELEASE}.sources"
    sources.write_text(apt.sources(RELEASE))
    run(
        *(tools / "usr/bin/mmdebstrap", "--mode=root", "--variant=essential", "--format=directory", "--quiet"),
        f"--include={','.join(PACKAGES)}",
        # With /usr merged from the start, Debian does not bring the perl program that would merge it: 50 MB less.
        f"--hook-dir={tools / 'usr/share/mmdebstrap/hooks/merged-usr'}",
        "--dpkgopt=force-unsafe-io",  # the folder is thrown away unless all went well
        *(f"--dpkgopt=path-exclude={pattern}" for pattern in NOT_NEEDED),
        *(f"--aptopt={option}" for option in apt.reach()),
        *(RELEASE, root, sources),
        timeout_s=BOOTSTRAP_LIMIT_S,
        remedy=apt.REMEDY,
        env={
            "PATH": f"{tools / 'usr/bin'}:{os.environ['PATH']}",  # it calls its own mmtarfilter
            "TMPDIR": str(tools),  # one that is killed leaves a folder
            "PERL5LIB": ":".join(str(path) for path in _perl_libraries(tools)),
        },
    )


def _missing_perl() -> Sequence[str]:
    """Name the parts of perl that mmdebstrap needs, where a minimal Debian comes without them."""
    try:
        run(PERL, "-e", 'require "syscall.ph"; use Pod::Usage', timeout_s=PERL_LIMIT_S)
    except ProgramError:
        series = run(PERL, "-e", 'printf "%vd", $^V', timeout_s=PERL_LIMIT_S).rpartition(".")[0]
        return (f"libperl{series}", f"perl-modules-{series}")
    return ()


def _perl_libraries(tools: Path) -> Sequence[Path]:
    return (*tools.glob("usr/lib/*/perl/*"), *tools.glob("usr/share/perl/*"))
