"""The one way to wait: for a condition, up to a limit."""

import time
from collections.abc import Callable

from evenly.limits import scaled

POLL_EVERY_S = 0.05
TELL_EVERY_S = 10.0
"""The usual wait is shorter, and silent."""


def until(  # noqa: PLR0913 - what is waited for and how, each by its name
    condition: Callable[[], bool],
    *,
    limit_s: float,
    since_s: float | None = None,
    every_s: float = POLL_EVERY_S,
    tell: Callable[[float], None] = lambda waited_s: None,  # noqa: ARG005 - of a wait that nobody is told of
    in_vain: Callable[[], bool] = lambda: False,
) -> bool:
    """Ask for a condition until it holds or ``limit_s`` seconds, scaled by patience, have passed; return whether it holds.

    They count from now, or from ``since_s`` on the monotonic clock, where several waits share one limit. The condition is asked
    for at least once, and once more when the limit passes during a pause. ``tell`` is called every ``TELL_EVERY_S`` with the
    seconds waited so far. Where the condition does not hold and ``in_vain`` does, the wait is over.
    """
    began = told = time.monotonic()
    end = (began if since_s is None else since_s) + scaled(limit_s)
    while not condition():
        now = time.monotonic()
        if now >= end or in_vain():
            return False
        if now - told >= TELL_EVERY_S:
            told = now
            tell(now - began)
        time.sleep(max(0.0, min(every_s, end - time.monotonic())))
    return True
