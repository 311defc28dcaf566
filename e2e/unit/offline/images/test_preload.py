"""Images are imported one after another and pinned; a daemon that dies is not waited for."""

import tempfile
from pathlib import Path

import pytest

from evenly.offline.images import preload
from evenly.process import ProgramError


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def program(folder: Path, name: str, script: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def test_a_daemon_that_dies_is_told_with_its_last_words_and_leaves_nothing(tmp_path: Path, temporary: Path) -> None:
    program(tmp_path, "containerd", "echo no such option >&2; exit 3")
    with pytest.raises(ProgramError, match=r"containerd did not come up(.|\n)*no such option"):
        preload.preload([], store=tmp_path / "store", programs=tmp_path)
    assert list(temporary.iterdir()) == []


def test_what_a_killed_run_left_for_the_same_store_is_removed(tmp_path: Path, temporary: Path) -> None:
    program(tmp_path, "containerd", f"ls {temporary} > {tmp_path}/used; exit 3")
    with pytest.raises(ProgramError):
        preload.preload([], store=tmp_path / "store", programs=tmp_path)
    left = temporary / (tmp_path / "used").read_text().strip()
    left.mkdir()
    (left / "containerd.sock").write_text("of the killed run")
    with pytest.raises(ProgramError):
        preload.preload([], store=tmp_path / "store", programs=tmp_path)
    assert list(temporary.iterdir()) == []


def test_each_archive_is_imported_and_each_image_pinned(tmp_path: Path) -> None:
    program(
        tmp_path,
        "containerd",
        # the second argument is the configuration, which names the socket to be made
        'socket=$(sed -n \'s/.*address = "\\(.*\\)"/\\1/p\' "$2"); touch "$socket"; exec sleep 30',
    )
    program(tmp_path, "ctr", f'echo "$@" >> {tmp_path}/calls; case "$*" in *list*) echo a:1; echo b:2;; esac')
    preload.preload([Path("/x/one.tar"), Path("/x/two.tar")], store=tmp_path / "store", programs=tmp_path)
    calls = [line.split("images ", 1)[1] for line in (tmp_path / "calls").read_text().splitlines()]
    assert calls == [
        "import --local --no-unpack /x/one.tar",
        "import --local --no-unpack /x/two.tar",
        "list --quiet",
        "label a:1 io.cri-containerd.pinned=pinned",
        "label b:2 io.cri-containerd.pinned=pinned",
    ]
