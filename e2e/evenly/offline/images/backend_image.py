"""The backend's image: nginx of Debian 13, the server that the official image's tag 1.26 holds, and a shell beside it."""

import shutil
from contextlib import AbstractContextManager
from pathlib import Path
from tempfile import TemporaryDirectory

from evenly.cluster.cache.cache import Cache
from evenly.offline import apt
from evenly.offline.images import archive, libraries

TAG = "evenly/nginx:1.26"
SUITE = "trixie"
PACKAGES = (
    *("nginx", "nginx-common", "busybox-static"),
    *("libc6", "libcrypt1", "libpcre2-8-0", "libssl3t64", "libzstd1", "zlib1g"),
)
# What manifests and `kubectl exec` call in the official image.
TOOLS = ("cat", "ls", "printf", "rm", "sh", "sleep", "touch")
# Compiled into Debian's nginx, or into what people's configurations for the official image say.
FOLDERS = ("run", "var/cache/nginx", "var/lib/nginx", "var/log/nginx")
# The official image's user has id 101; Debian's own is www-data.
USERS = """\
root:x:0:0:root:/root:/bin/sh
www-data:x:33:33:www-data:/var/www:/bin/false
nginx:x:101:101:nginx user:/nonexistent:/bin/false
nobody:x:65534:65534:nobody:/nonexistent:/bin/false
"""
GROUPS = "root:x:0:\nwww-data:x:33:\nnginx:x:101:\nnogroup:x:65534:\n"


def build(cache: Cache, step: AbstractContextManager[None]) -> Path:
    """Return the archive of the backend's image, tagged ``TAG``; `docker load` takes it."""

    def make(into: Path) -> None:
        with step, TemporaryDirectory(dir=into) as packages, TemporaryDirectory(dir=into) as root:
            apt.unpack(PACKAGES, into=Path(packages), cache=cache, suite=SUITE)
            _fill(Path(root), packages=Path(packages))
            # An unfinished entry has its final name with an ending: that name is the key of all that goes in.
            archive.write(Path(root), to=into / "image.tar", tags=[TAG], config=_config(into.stem))

    inputs: list[str | Path] = [SUITE, *PACKAGES, *map(Path, (__file__, archive.__file__, libraries.__file__))]
    return cache.entry("backend-image", inputs, make) / "image.tar"


def _config(key: str) -> dict[str, object]:
    return {
        "Cmd": ["nginx", "-g", "daemon off;"],
        "Env": ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"],
        "ExposedPorts": {"80/tcp": {}},
        "Labels": {archive.LABEL: key},
        "StopSignal": "SIGQUIT",
    }


def _fill(root: Path, *, packages: Path) -> None:
    libraries.merge_usr(packages)
    libraries.extract([packages / "usr/sbin/nginx"], root=packages, into=root)
    shutil.copy2(packages / "usr/bin/busybox", root / "usr/bin")
    for tool in TOOLS:
        (root / "usr/bin" / tool).symlink_to("busybox")
    shutil.copytree(packages / "etc/nginx", root / "etc/nginx", symlinks=True)
    (root / "etc/passwd").write_text(USERS)
    (root / "etc/group").write_text(GROUPS)
    for folder in FOLDERS:
        (root / folder).mkdir(parents=True)
    (root / "var/log/nginx/access.log").symlink_to("/dev/stdout")  # as in the official image: kubectl logs shows them
    (root / "var/log/nginx/error.log").symlink_to("/dev/stderr")
    (root / "tmp").mkdir()
    (root / "tmp").chmod(0o1777)
