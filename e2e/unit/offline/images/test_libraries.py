"""A program leaves its root with every library it needs, and never with one of another machine."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from evenly.errors import EvenlyError
from evenly.offline.images import libraries

pytestmark = pytest.mark.skipif(not Path("/etc/debian_version").exists(), reason="the roots are Debian's")
LISTED = re.compile(r"(?:=> )?(/\S+) \(0x")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a root of one program, with the libraries that the machine's own ldd names."""
    folder = tmp_path / "root"
    libraries.merge_usr(folder)
    shutil.copy2("/bin/ls", folder / "usr/bin")
    listed = subprocess.run(["/usr/bin/ldd", "/bin/ls"], capture_output=True, text=True, check=True).stdout
    for path in LISTED.findall(listed):
        copy = folder / path.lstrip("/")
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, copy)
    return folder


def names(root: Path) -> set[str]:
    return {path.name for path in root.rglob("*") if path.is_file() and not path.is_symlink()}


def test_what_is_extracted_is_the_program_and_its_libraries(root: Path, tmp_path: Path) -> None:
    expected = names(root)
    (root / "usr/lib/libunrelated.so").write_text("")
    libraries.extract([root / "usr/bin/ls"], root=root, into=tmp_path / "image")
    assert names(tmp_path / "image") == expected


def test_a_missing_library_is_named_though_this_machine_has_it(root: Path, tmp_path: Path) -> None:
    [needed] = [path for path in root.rglob("libselinux.so.1") if not path.is_symlink()]
    needed.unlink()
    with pytest.raises(EvenlyError, match=r"ls needs libselinux\.so\.1"):
        libraries.extract([root / "usr/bin/ls"], root=root, into=tmp_path / "image")


def test_what_is_extracted_runs_on_its_own(root: Path, tmp_path: Path) -> None:
    image = tmp_path / "image"
    libraries.extract([root / "usr/bin/ls"], root=root, into=image)
    loader = next(image.glob("lib*/ld-linux*"))
    folder = next(image.glob("usr/lib/*-linux-gnu*"))
    ls = [str(part) for part in (loader, "--library-path", folder, image / "usr/bin/ls", sys.prefix)]
    assert "bin" in subprocess.run(ls, capture_output=True, text=True, check=True).stdout.split()
