"""A folder of things that are made once: each under a key of all that went into it, whole or not there at all."""

import fcntl
import os
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from evenly.cluster.cache import contents
from evenly.cluster.cache.disk_errors import explained, remove
from evenly.cluster.cache.key import KEY_LENGTH, key
from evenly.errors import EvenlyError
from evenly.progress import Progress

# Where there is one, files that are written and read once go here, in memory.
IN_MEMORY = Path("/dev/shm")  # noqa: S108 - the folder below it is made for us alone

TAG_FILE = "CACHEDIR.TAG"
TAG = "Signature: 8a477f597d28d172789f06886806bc55\n# Made by evenly; safe to delete after `make down`.\n"
"""Marks a folder as a cache, for us and for backup programs: the Cache Directory Tagging Specification."""


class Cache:
    """Keeps built folders below ``root``; safe for several processes and for a builder that is killed.

    The folder is private to its user. Raises EvenlyError when it belongs to somebody else.
    """

    def __init__(self, root: Path, progress: Progress | None = None) -> None:
        self.root = root.absolute()
        self.memory = IN_MEMORY / f"evenly-{key([str(self.root)])}"
        self._progress = progress or Progress()
        with explained(self.root):
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._claim()

    def _claim(self) -> None:
        owner = self.root.stat().st_uid
        if owner != os.geteuid():
            raise EvenlyError(
                f"the cache folder {self.root} belongs to user id {owner}, this run is user id {os.geteuid()}",
                "run as that user, or name a cache folder of your own",
            )
        tag = self.root / TAG_FILE
        if not tag.exists():
            if any(self.root.iterdir()):
                raise EvenlyError(f"{self.root} holds other things than evenly's cache", "name an empty folder or a new one")
            tag.write_text(TAG)

    def clear(self) -> None:
        """Delete the cache and all that is in it."""
        self.sweep()
        remove(self.root)

    def sweep(self) -> None:
        """Remove what killed builders left; the caller sees to it that nobody compiles, which is done in memory."""

        def refuse(_: int) -> None:
            raise BlockingIOError

        for left in self.root.glob("*.tmp"):
            name = re.sub(rf"-[0-9a-f]{{{KEY_LENGTH}}}$", "", left.stem)
            with suppress(BlockingIOError), self.lock(name, busy=refuse):  # else it is at work
                remove(left)
        if self.memory.exists():
            remove(self.memory)

    def entry(self, name: str, inputs: Iterable[str | bytes | Path], build: Callable[[Path], None]) -> Path:
        """Return the folder of ``name`` made from exactly these inputs; ``build`` fills it when it is not there yet.

        ``build`` gets an empty folder that is moved to its final place afterwards, so nothing inside may hold its path.
        When it raises, nothing is kept. A success replaces what the same name held under other keys. An entry that lost
        files, or parts of them, is named and made anew. Raises EvenlyError where files cannot be read, written or deleted.
        """
        final = self.root / f"{name}-{key(inputs)}"
        with explained(self.root):
            if not _is_whole(final):
                with self.lock(name):
                    if not _is_whole(final):  # else somebody built it while we waited
                        self._build(name, final, build)
        return final

    def _build(self, name: str, final: Path, build: Callable[[Path], None]) -> None:
        if final.exists():
            self._progress.say(f"{final.name} in the cache is damaged, and made anew: {contents.damage(final)}")
            remove(final)
        for stale in self._siblings(name, "tmp"):  # whoever made them died: the lock was free
            remove(stale)
        unfinished = final.with_name(f"{final.name}.tmp")
        unfinished.mkdir()
        try:
            build(unfinished)
            contents.note(unfinished)
            unfinished.rename(final)
        except BaseException:
            remove(unfinished)
            raise
        for older in self._siblings(name, ""):
            if older != final:
                remove(older)

    @contextmanager
    def lock(self, name: str, busy: Callable[[int], None] | None = None) -> Iterator[None]:
        """Hold a lock of this cache; while another process has it, say which one and wait.

        ``busy`` is called with that process's id instead, and may raise to refuse the wait. The wait needs no limit of
        its own: the kernel frees the lock the moment its holder ends, however it ends.
        """
        locks = self.root / "locks"
        with explained(self.root):
            locks.mkdir(exist_ok=True)
            opened = (locks / name).open("a+")
        with opened as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                file.seek(0)
                holder = int(file.read() or 0)
                if busy:
                    busy(holder)
                else:
                    self._progress.say(f"{name}: waiting for process {holder}, which holds it right now")
                fcntl.flock(file, fcntl.LOCK_EX)
            file.truncate(0)
            file.write(str(os.getpid()))
            file.flush()
            yield

    def _siblings(self, name: str, suffix: str) -> list[Path]:
        ending = rf"\.{suffix}" if suffix else ""
        ours = re.compile(rf"{re.escape(name)}-[0-9a-f]{{{KEY_LENGTH}}}{ending}")
        return [path for path in self.root.iterdir() if ours.fullmatch(path.name)]


def made_before(folder: Path, name: str) -> bool:
    """Tell whether the cache in ``folder`` holds an entry of this name, whatever it was made from."""
    return any(folder.glob(f"{name}-{'[0-9a-f]' * KEY_LENGTH}"))


def _is_whole(entry: Path) -> bool:
    return entry.is_dir() and not contents.damage(entry)
