"""Where the words beside a line go: close to it, and clear of the other line."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

from evenly.report.charts.axis import Scale

TOP, BOTTOM = 108.0, -62.0  # of the frame, in percent of what decides; lines leave it instead of crawling along its edge
ENOUGH = 100.0  # percent of what decides, by definition
WIDTH = 34.0  # percent of the picture's width that a label takes on a narrow screen
HEIGHT = 11.0  # of the percent from bottom to top
LATE = 66.0  # percent of the width: words from there to the end have room for their length


@dataclass(frozen=True, slots=True)
class Label:
    """Words beside a line; place in percent of the picture's width and height, ``anchor`` is the end of the text at ``x``."""

    x: float
    y: float
    anchor: str
    words: str


def place_label(xs: Sequence[float], line: Sequence[float], other: Sequence[float], words: str, up: Scale) -> Label | None:
    """Find the place for a line's words; None for a line of one point, or where there is no room.

    ``xs`` in percent of the width; ``line`` and ``other`` in percent of what decides, which ``up`` places.
    """
    if len(xs) == 1:
        return None
    crossing = next((x for x, v in zip(xs, line, strict=True) if v >= ENOUGH), 0.0)
    if crossing > LATE:
        return Label(round(crossing - 3, 1), up.at(ENOUGH + HEIGHT / 2), "end", words)
    best: tuple[float, Label | None] = (float("-inf"), None)
    for i in [i for i, v in enumerate(line) if BOTTOM < v < TOP][1:]:
        start = min(max(0.0, xs[i] - WIDTH / 2), 100 - WIDTH)
        span = range(bisect_left(xs, start), min(len(xs), bisect_left(xs, start + WIDTH) + 1))
        near = [line[j] for j in span if BOTTOM < line[j] < TOP]
        for y in (max(near) + HEIGHT, min(near) - HEIGHT):
            clear = min(min(abs(other[j] - y), 3 * HEIGHT) for j in span) - abs(y - line[i]) / 2
            if BOTTOM + HEIGHT < y < ENOUGH - HEIGHT and clear > best[0]:
                at_end = start + WIDTH >= ENOUGH
                x, anchor = (100.0, "end") if at_end else (round(start + WIDTH / 2, 1), "middle")
                best = clear, Label(x, up.at(y), anchor, words)
    return best[1] or _where_it_leaves(xs, line, words, up)


def _where_it_leaves(xs: Sequence[float], line: Sequence[float], words: str, up: Scale) -> Label | None:
    """Place the words of a line that is soon out of the frame beside the point where it is gone."""
    gone = next((i for i, v in enumerate(line) if not BOTTOM < v < TOP), None)
    if gone is None or xs[gone] > LATE:
        return None
    y = ENOUGH / 2 if line[gone] > 0 else BOTTOM + 2 * HEIGHT
    return Label(round(xs[gone] + 1, 1), up.at(y), "start", words)
