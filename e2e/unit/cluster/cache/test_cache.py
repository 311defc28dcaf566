"""What is built once is found again, whole or not at all."""

import errno
import io
import os
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console

from evenly.cluster.cache import cache as cache_module
from evenly.cluster.cache.cache import Cache, made_before
from evenly.cluster.cache.disk_errors import remove
from evenly.cluster.cache.key import key
from evenly.errors import EvenlyError
from evenly.process import run
from evenly.progress import Progress


@pytest.fixture
def said() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: io.StringIO) -> Cache:
    monkeypatch.setattr(cache_module, "IN_MEMORY", tmp_path / "memory")
    return Cache(tmp_path / "cache", Progress(Console(file=said, width=1000)))


def write(text: str) -> Callable[[Path], None]:
    def build(folder: Path) -> None:
        (folder / "file").write_text(text)

    return build


def never(folder: Path) -> None:
    pytest.fail(f"built again: {folder}")


def test_an_entry_is_built_once_and_found_again(cache: Cache) -> None:
    first = cache.entry("thing", ["a"], write("made"))
    assert cache.entry("thing", ["a"], never) == first
    assert (first / "file").read_text() == "made"


def test_other_inputs_make_another_entry_which_replaces_the_older_one(cache: Cache) -> None:
    older = cache.entry("thing", ["a"], write("old"))
    newer = cache.entry("thing", ["b"], write("new"))
    assert newer != older
    assert not older.exists()


def test_entries_of_a_longer_name_are_left_alone(cache: Cache) -> None:
    image = cache.entry("node-image", ["a"], write("image"))
    cache.entry("node", ["a"], write("node"))
    assert image.exists()


def test_a_build_that_fails_leaves_nothing(cache: Cache) -> None:
    def fail(folder: Path) -> None:
        (folder / "half").write_text("")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cache.entry("thing", ["a"], fail)
    assert not list(cache.root.glob("thing-*"))


def test_what_a_killed_builder_left_is_removed(cache: Cache) -> None:
    left = cache.root / f"thing-{key(['old'])}.tmp"
    left.mkdir()
    cache.entry("thing", ["a"], write("made"))
    assert not left.exists()


def cut_off(file: Path) -> None:
    os.truncate(file, 1)


def grow(file: Path) -> None:
    with file.open("a") as more:
        more.write("!")


def forbid_running(file: Path) -> None:
    file.chmod(0o644)


def put_a_link_in_its_place(file: Path) -> None:
    file.unlink()
    file.symlink_to("/bin/true")


def cut_off_the_list(file: Path) -> None:
    os.truncate(file.parents[1] / "contents.json", 20)


def lose_the_list(file: Path) -> None:
    (file.parents[1] / "contents.json").unlink()


@pytest.mark.parametrize(
    ("harm", "told"),
    [
        (cut_off, "bin/program has 1 bytes instead of 4"),
        (grow, "bin/program has 5 bytes instead of 4"),
        (Path.unlink, "bin/program is missing"),
        (forbid_running, "bin/program is -rw-r--r-- instead of -rwxr-xr-x"),
        (put_a_link_in_its_place, "bin/program is lrwxrwxrwx instead of -rwxr-xr-x"),
        (cut_off_the_list, "contents.json cannot be read"),
        (lose_the_list, "contents.json is missing"),
    ],
)
def test_a_damaged_entry_is_named_and_made_anew(
    cache: Cache, said: io.StringIO, harm: Callable[[Path], None], told: str
) -> None:
    def build(folder: Path) -> None:
        (folder / "bin").mkdir()
        (folder / "bin" / "program").write_text("made")
        (folder / "bin" / "program").chmod(0o755)

    entry = cache.entry("thing", ["a"], build)
    harm(entry / "bin" / "program")
    assert cache.entry("thing", ["a"], build) == entry
    assert (entry / "bin" / "program").read_text() == "made"
    assert said.getvalue() == f"{entry.name} in the cache is damaged, and made anew: {told}\n"
    assert cache.entry("thing", ["a"], never) == entry


def test_a_file_that_a_program_added_is_no_damage(cache: Cache, said: io.StringIO) -> None:
    (cache.entry("thing", ["a"], write("made")) / "added").write_text("by use")
    cache.entry("thing", ["a"], never)
    assert said.getvalue() == ""


def test_a_file_that_cannot_be_used_is_named_with_what_to_do(cache: Cache) -> None:
    def forbidden(_: Path) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", "/cache/theirs")

    with pytest.raises(EvenlyError, match=r"^/cache/theirs cannot be used: Permission denied\n.*ls -ld.*EVENLY_CACHE=PATH$"):
        cache.entry("thing", ["a"], forbidden)
    assert not list(cache.root.glob("thing-*"))


def test_an_entry_that_cannot_be_deleted_is_named(cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    theirs = cache.entry("thing", ["a"], write("made")) / "file"
    theirs.unlink()

    def rmtree(_: Path) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted", str(theirs))

    monkeypatch.setattr(shutil, "rmtree", rmtree)
    with pytest.raises(EvenlyError, match=f"{theirs} cannot be used: Operation not permitted"):
        cache.entry("thing", ["a"], never)


def test_a_cache_below_a_file_is_an_error_with_a_remedy(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(EvenlyError, match=r"file/cache cannot be used: Not a directory"):
        Cache(tmp_path / "file" / "cache")


def full_for_us(_: Path) -> None:
    raise OSError(errno.ENOSPC, "No space left on device", "/cache/big")


def full_for_a_program(_: Path) -> None:
    run("sh", "-c", "echo 'link: writing /cache/big: no space left on device' >&2; exit 1", timeout_s=10)


@pytest.mark.parametrize("build", [full_for_us, full_for_a_program])
def test_a_full_disk_is_an_error_that_says_what_to_free(cache: Cache, build: Callable[[Path], None]) -> None:
    with pytest.raises(EvenlyError, match=r"there is no room left: (.|\n)*/cache/big") as caught:
        cache.entry("thing", ["a"], build)
    assert f"free 10 GB at {cache.root}" in caught.value.remedy
    assert not list(cache.root.glob("thing-*"))


def test_what_killed_builders_left_is_swept_here_and_in_memory(cache: Cache) -> None:
    entry = cache.entry("thing", ["a"], write("made"))
    for left in (cache.root / "apt-bookworm.tmp", cache.root / "other-0123456789ab.tmp", cache.memory):
        (left / "sub").mkdir(parents=True)
    cache.sweep()
    assert {path.name for path in cache.root.iterdir() if path.is_dir()} == {entry.name, "locks"}
    assert not cache.memory.exists()


def test_what_a_builder_works_on_is_not_swept(cache: Cache) -> None:
    def swept_meanwhile(folder: Path) -> None:
        cache.sweep()
        assert folder.exists()

    cache.entry("thing", ["a"], swept_meanwhile)


def test_a_path_counts_with_its_content_and_not_with_its_place(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name / "sub").mkdir(parents=True)
        (tmp_path / name / "sub" / "file").write_text("same")
    assert key([tmp_path / "one"]) == key([tmp_path / "two"])
    (tmp_path / "two" / "sub" / "file").write_text("other")
    assert key([tmp_path / "one"]) != key([tmp_path / "two"])


def test_a_renamed_file_changes_the_key_of_its_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("same")
    before = key([tmp_path])
    (tmp_path / "file").rename(tmp_path / "renamed")
    assert key([tmp_path]) != before


def test_inputs_do_not_run_into_each_other() -> None:
    assert key(["ab", "c"]) != key(["a", "bc"])


def test_a_missing_input_is_named(tmp_path: Path) -> None:
    with pytest.raises(EvenlyError, match=r"nowhere does not exist"):
        key([tmp_path / "nowhere"])


def test_a_second_builder_waits_for_the_first_says_so_and_finds_its_work(tmp_path: Path) -> None:
    script = textwrap.dedent("""
        import sys
        from pathlib import Path
        from evenly.cluster.cache.cache import Cache

        def build(folder):
            print("building", flush=True)
            sys.stdin.readline()
            (folder / "file").write_text("theirs")

        Cache(Path(sys.argv[1])).entry("thing", ["a"], build)
    """)
    root = tmp_path / "cache"
    with subprocess.Popen(
        [sys.executable, "-c", script, str(root)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdin
        assert other.stdout
        assert other.stdout.readline() == "building\n"
        said: list[str] = []

        class Listener(Progress):
            def say(self, text: str) -> None:
                said.append(text)
                assert other.stdin
                other.stdin.write("go on\n")
                other.stdin.flush()

        found = Cache(root, Listener(Console())).entry("thing", ["a"], never)
    assert (found / "file").read_text() == "theirs"
    assert said == [f"thing: waiting for process {other.pid}, which holds it right now"]


def test_a_lock_can_be_refused_instead_of_waited_for(cache: Cache) -> None:
    def refuse(pid: int) -> None:
        raise EvenlyError(f"process {pid} has it", "wait")

    with (
        cache.lock("cluster"),
        pytest.raises(EvenlyError, match=f"process {os.getpid()} has it"),
        cache.lock("cluster", busy=refuse),
    ):
        pytest.fail("two holders")


def test_somebody_elses_folder_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    with pytest.raises(EvenlyError, match=r"belongs to user id"):
        Cache(tmp_path / "cache")


def test_a_folder_that_holds_other_things_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("")
    with pytest.raises(EvenlyError, match=r"holds other things"):
        Cache(tmp_path)


def test_a_cleared_cache_is_gone(cache: Cache) -> None:
    cache.entry("thing", ["a"], write("made"))
    cache.memory.mkdir(parents=True)
    cache.clear()
    assert not cache.root.exists()
    assert not cache.memory.exists()


@pytest.mark.skipif(not Path("/proc/self/mountinfo").exists(), reason="mounts are told by Linux only")
def test_a_folder_with_a_mount_in_it_is_not_deleted() -> None:
    with pytest.raises(EvenlyError, match=r"is mounted"):
        remove(Path("/proc"))


def test_only_a_finished_entry_was_made_before(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache")
    (cache.root / "go-0123456789ab.tmp").mkdir()
    assert not made_before(cache.root, "go")
    assert not made_before(tmp_path / "nowhere", "go")
    cache.entry("go", ["x"], lambda into: (into / "go").touch())
    assert made_before(cache.root, "go")
