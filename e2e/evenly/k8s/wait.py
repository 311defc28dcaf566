"""The one way to wait: for a condition, up to a limit."""

import time
from collections.abc import Callable

POLL_EVERY_S = 0.05
TELL_EVERY_S = 10.0
"""The usual wait is shorter, and silent."""


def until(
    condition: Callable[[], bool],
    *,
    limit_s: float,
    every_s: float = POLL_EVERY_S,
    tell: Callable[[float], None] = lambda waited_s: None,  # noqa: ARG005 - of a wait that nobody is told of
    in_vain: Callable[[], bool] = lambda: False,
) -> bool:
    """Ask for a condition until it holds or ``limit_s`` seconds have passed, and return whether it holds.

    It is asked at least once, and once more when the limit passes during a pause. ``tell`` is called every
    ``TELL_EVERY_S`` with the seconds waited so far. Where the condition does not hold and ``in_vain`` does, the wait is over.
    """
    began = told = time.monotonic()
    while not condition():
        now = time.monotonic()
        if now - began >= limit_s or in_vain():
            return False
        if now - told >= TELL_EVERY_S:
            told = now
            tell(now - began)
        time.sleep(max(0.0, min(every_s, began + limit_s - time.monotonic())))
    return True
