"""The one way to wait: for a condition, up to a limit."""

import time
from collections.abc import Callable

POLL_EVERY_S = 0.05


def until(condition: Callable[[], bool], *, limit_s: float, every_s: float = POLL_EVERY_S) -> bool:
    """Ask for a condition until it holds or ``limit_s`` seconds have passed, and return whether it holds.

    It is asked at least once, and once more when the limit passes during a pause.
    """
    end = time.monotonic() + limit_s
    while not condition():
        left = end - time.monotonic()
        if left <= 0:
            return False
        time.sleep(min(every_s, left))
    return True
