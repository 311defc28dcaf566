"""Container images made of a folder, without an engine: the archive that ``docker save`` writes and everybody loads."""

import hashlib
import io
import json
import platform
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


def write(root: Path, *, to: Path, tags: Sequence[str], config: Mapping[str, object]) -> None:
    """Write an image of one layer, all that is below ``root``, under every one of ``tags``.

    ``config`` is the image configuration's own ``config`` (Entrypoint, Cmd, Env, Labels, ...). The same folder gives the
    same image id: owners and times are left out. Format: Docker image specification 1.2, "Combined Image JSON".
    """
    with TemporaryFile(dir=to.parent) as layer:
        with tarfile.open(fileobj=layer, mode="w") as files:
            for path in sorted(root.rglob("*")):
                files.add(path, arcname=path.relative_to(root), recursive=False, filter=_anonymous)
        layer.seek(0)
        digest = hashlib.file_digest(layer, "sha256").hexdigest()
        image = json.dumps(
            {
                "architecture": architecture(),
                "os": "linux",
                "config": config,
                "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}"]},
            }
        ).encode()
        name = f"{hashlib.sha256(image).hexdigest()}.json"
        manifest = json.dumps([{"Config": name, "RepoTags": tags, "Layers": [f"{digest}.tar"]}]).encode()
        with tarfile.open(to, mode="w") as archive:
            size = layer.tell()
            layer.seek(0)
            _add(archive, f"{digest}.tar", layer, size)
            _add(archive, name, io.BytesIO(image), len(image))
            _add(archive, "manifest.json", io.BytesIO(manifest), len(manifest))


def architecture() -> str:
    """Return this machine's architecture as Go and container images call it."""
    machine = platform.machine()
    return ARCHITECTURES.get(machine, machine)


def _add(archive: tarfile.TarFile, name: str, content: IO[bytes], size: int) -> None:
    member = tarfile.TarInfo(name)
    member.size = size
    archive.addfile(member, content)


def _anonymous(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    member.mtime = 0
    return member
