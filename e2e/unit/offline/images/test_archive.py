"""An image written without an engine is what any engine expects, and depends on nothing but its content."""

import hashlib
import json
import os
import tarfile
from pathlib import Path

import pytest

from evenly.offline.images import archive


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "root"
    (folder / "usr/bin").mkdir(parents=True)
    (folder / "usr/bin/busybox").write_bytes(b"\x7fELF")
    (folder / "usr/bin/busybox").chmod(0o755)
    (folder / "usr/bin/sh").symlink_to("busybox")
    return folder


def parts_of(image: Path) -> dict[str, bytes]:
    with tarfile.open(image) as packed:
        return {name: packed.extractfile(name).read() for name in packed.getnames()}  # type: ignore[union-attr]


def test_the_digests_are_those_of_the_content(root: Path, tmp_path: Path) -> None:
    archive.write(root, to=tmp_path / "a.tar", tags=["x/one:1", "x/two:2"], config={"Cmd": ["sh"]})
    parts = parts_of(tmp_path / "a.tar")
    [image] = json.loads(parts["manifest.json"])
    config = json.loads(parts[image["Config"]])
    assert image["RepoTags"] == ["x/one:1", "x/two:2"]
    assert image["Config"] == hashlib.sha256(parts[image["Config"]]).hexdigest() + ".json"
    assert config["rootfs"]["diff_ids"] == ["sha256:" + hashlib.sha256(parts[image["Layers"][0]]).hexdigest()]
    assert config["config"] == {"Cmd": ["sh"]}


def test_the_layer_holds_the_folder_and_belongs_to_root(root: Path, tmp_path: Path) -> None:
    archive.write(root, to=tmp_path / "a.tar", tags=["x:1"], config={})
    [image] = json.loads(parts_of(tmp_path / "a.tar")["manifest.json"])
    with tarfile.open(tmp_path / "a.tar") as packed, tarfile.open(fileobj=packed.extractfile(image["Layers"][0])) as layer:
        members = {member.name: member for member in layer.getmembers()}
    assert list(members) == ["usr", "usr/bin", "usr/bin/busybox", "usr/bin/sh"]
    assert members["usr/bin/busybox"].mode == 0o755
    assert members["usr/bin/sh"].linkname == "busybox"
    assert {(member.uid, member.gid) for member in members.values()} == {(0, 0)}


def test_the_same_folder_at_another_time_gives_the_same_image(root: Path, tmp_path: Path) -> None:
    archive.write(root, to=tmp_path / "a.tar", tags=["x:1"], config={})
    os.utime(root / "usr/bin/busybox", (1, 1))
    archive.write(root, to=tmp_path / "b.tar", tags=["x:1"], config={})
    assert (tmp_path / "a.tar").read_bytes() == (tmp_path / "b.tar").read_bytes()
