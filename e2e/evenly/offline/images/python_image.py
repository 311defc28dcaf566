"""What pods that send a load run on: Python of Debian 13, the version that the official image's tag 3.13 holds."""

import shutil
from contextlib import AbstractContextManager
from pathlib import Path
from tempfile import TemporaryDirectory

from evenly.cluster.cache.cache import Cache
from evenly.offline import apt
from evenly.offline.images import archive, libraries

TAG = "evenly/python:3.13"
SUITE = "trixie"
PACKAGES = (
    *("python3.13-minimal", "libpython3.13-minimal", "libpython3.13-stdlib"),
    *(
        "libbz2-1.0",
        "libc6",
        "libexpat1",
        "libffi8",
        "liblzma5",
        "libsqlite3-0",
        "libssl3t64",
        "libuuid1",
        "libzstd1",
        "zlib1g",
    ),
    *("libgcc-s1", "libstdc++6"),
)
PROGRAM = "usr/bin/python3.13"
FOLDER = "usr/lib/python3.13"
# They need libraries for terminals and databases that no load has.
LEFT_OUT = ("_curses", "_dbm", "readline")
# Copied with their libraries; and a link into /etc, which has no use here.
ELSEWHERE = ("lib-dynload", "sitecustomize.py")
# What wheels count on (the policies of manylinux), and Python itself does not need.
OF_WHEELS = ("libdl.so.2", "libgcc_s.so.1", "libpthread.so.0", "librt.so.1", "libstdc++.so.6", "libutil.so.1")
# As in the official image: libraries ask for the name and the home of whoever runs them.
USERS = "root:x:0:0:root:/tmp:/bin/false\nnobody:x:65534:65534:nobody:/tmp:/bin/false\n"


def build(cache: Cache, step: AbstractContextManager[None]) -> Path:
    """Return the archive of the image, tagged ``TAG``; `docker load` takes it."""

    def make(into: Path) -> None:
        with step, TemporaryDirectory(dir=into) as packages, TemporaryDirectory(dir=into) as root:
            apt.unpack(PACKAGES, into=Path(packages), cache=cache, suite=SUITE)
            _fill(Path(root), packages=Path(packages))
            # An unfinished entry has its final name with an ending: that name is the key of all that goes in.
            archive.write(Path(root), to=into / "image.tar", tags=[TAG], config=_config(into.stem))

    inputs: list[str | Path] = [SUITE, *PACKAGES, *map(Path, (__file__, archive.__file__, libraries.__file__))]
    return cache.entry("python-image", inputs, make) / "image.tar"


def _config(key: str) -> dict[str, object]:
    return {"Cmd": ["python3"], "Env": ["PATH=/usr/bin"], "Labels": {archive.LABEL: key}}


def _fill(root: Path, *, packages: Path) -> None:
    libraries.merge_usr(packages)
    modules = (packages / FOLDER / "lib-dynload").glob("*.so")
    wanted = [module for module in modules if not module.name.startswith(LEFT_OUT)]
    wanted += [found for name in OF_WHEELS for found in packages.glob(f"usr/lib/*-linux-gnu*/{name}")]
    libraries.extract([packages / PROGRAM, *wanted], root=packages, into=root)
    shutil.copytree(packages / FOLDER, root / FOLDER, ignore=shutil.ignore_patterns(*ELSEWHERE), dirs_exist_ok=True)
    (root / "usr/bin/python3").symlink_to("python3.13")
    (root / "etc").mkdir(exist_ok=True)
    (root / "etc/passwd").write_text(USERS)
    (root / "tmp").mkdir()
    (root / "tmp").chmod(0o1777)
