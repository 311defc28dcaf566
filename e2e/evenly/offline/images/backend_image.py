"""The backend's image: nginx of Debian 13, the server that the official image's tag 1.26 holds, and a shell beside it."""

import shutil
from pathlib import Path

from evenly.offline.images import libraries
from evenly.offline.images.from_packages import PackagedImage

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


def _fill(root: Path, packages: Path) -> None:
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


IMAGE = PackagedImage(
    name="backend-image",
    tag="evenly/nginx:1.26",
    packages=(
        *("nginx", "nginx-common", "busybox-static"),
        *("libc6", "libcrypt1", "libpcre2-8-0", "libssl3t64", "libzstd1", "zlib1g"),
    ),
    fill=_fill,
    config={
        "Cmd": ["nginx", "-g", "daemon off;"],
        "Env": ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"],
        "ExposedPorts": {"80/tcp": {}},
        "StopSignal": "SIGQUIT",
    },
)
