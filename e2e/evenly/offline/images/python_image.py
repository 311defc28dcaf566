"""What pods that send a load run on: Python of Debian 13, the version that the official image's tag 3.13 holds."""

import shutil
from pathlib import Path

from evenly.offline.images import libraries
from evenly.offline.images.from_packages import PackagedImage

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


def _fill(root: Path, packages: Path) -> None:
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


IMAGE = PackagedImage(
    name="python-image",
    tag="evenly/python:3.13",
    packages=(
        *("python3.13-minimal", "libpython3.13-minimal", "libpython3.13-stdlib"),
        *("libbz2-1.0", "libc6", "libexpat1", "libffi8", "liblzma5", "libsqlite3-0", "libssl3t64", "libuuid1", "libzstd1"),
        *("zlib1g", "libgcc-s1", "libstdc++6"),
    ),
    fill=_fill,
    config={"Cmd": ["python3"], "Env": ["PATH=/usr/bin"]},
)
