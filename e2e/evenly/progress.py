"""Progress while something takes long: what, step i of n, elapsed, and how long it usually takes."""

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from rich.console import Console

HEARTBEAT_S = 30.0


@dataclass(frozen=True, slots=True)
class Step:
    """One finished step and how long it took."""

    name: str
    seconds: float


class Progress:
    """Prints a line as a step begins and as it ends, and a sign of life every 30 s between; keeps the finished steps.

    Lines only, no redrawing: the same text is good on a terminal, in a CI log and beside pytest's own output. Steps may
    run in parallel threads.
    """

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(file=sys.stderr, highlight=False, soft_wrap=True)
        self._lock = threading.RLock()  # a signal's handler may speak in the middle of a line
        self.steps: list[Step] = []

    def say(self, text: str) -> None:
        """Print one line."""
        with self._lock:
            self._console.print(text, markup=False)

    @contextmanager
    def step(self, name: str, number: int = 0, of: int = 0, usually_s: float = 0) -> Iterator[None]:
        """Announce a step, time it, and tell of it while it goes on; a step that raises is announced as failed.

        ``usually_s`` is what it took when it was measured, 0 where nobody would wait for it.
        """
        place = f"[{number}/{of}] " if of else ""
        usual = f" (usually {usually_s:.0f} s)" if usually_s else ""
        began = time.monotonic()
        ended = threading.Event()

        def heartbeat() -> None:
            while not ended.wait(HEARTBEAT_S):
                self.say(f"{place}{name}: {time.monotonic() - began:.0f} s so far{usual}")

        self.say(f"{place}{name}{usual}")
        threading.Thread(target=heartbeat, daemon=True).start()
        try:
            yield
        except BaseException:
            self.say(f"{place}{name}: not finished after {time.monotonic() - began:.1f} s")
            raise
        finally:
            ended.set()
        seconds = time.monotonic() - began
        with self._lock:
            self.steps.append(Step(name, seconds))
        self.say(f"{place}{name}: done in {seconds:.1f} s")
