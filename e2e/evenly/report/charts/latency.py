"""The picture of how long each pod took: a histogram per pod, on one logarithmic axis for all."""

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from evenly.report.charts.axis import Scale, Tick, logarithmic_steps, thinned
from evenly.report.figures import Latency, PodFigures
from evenly.report.text.numbers import milliseconds

BINS = 60
PERCENTILES = (50, 95, 99)
NONE = "\N{EN DASH}"


@dataclass(frozen=True, slots=True)
class LatencyRow:
    """One pod's histogram as SVG path data in a box of 1000 x 1000; its percentiles: places in percent, and milliseconds."""

    name: str
    bars: str
    marks: tuple[float, ...]
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LatencyPicture:
    """All pods on one axis."""

    title: str
    ticks: tuple[Tick, ...]
    rows: tuple[LatencyRow, ...]


def latency_pictures(pods: Sequence[PodFigures]) -> tuple[LatencyPicture, LatencyPicture]:
    """Draw the time to connect, and from there to the last byte."""
    return _picture("Connect", pods, lambda pod: pod.connect), _picture(
        "Response, connect to last byte", pods, lambda pod: pod.response
    )


def _picture(title: str, pods: Sequence[PodFigures], of: Callable[[PodFigures], Latency]) -> LatencyPicture:
    # A latency of 0 us is one below the clock's step: it has its place at 1 us.
    sorted_us = [[max(1, us) for us in of(pod).us] for pod in pods]
    some = [us for us in sorted_us if us]
    steps = logarithmic_steps(min(us[0] for us in some), max(us[-1] for us in some)) if some else [1.0, 2.0]
    scale = Scale(steps[0], steps[-1], logarithmic=True)
    ticks = (Tick(scale.at(step), f"{step / 1000:g}") for step in steps)
    return LatencyPicture(
        title=title,
        ticks=thinned(ticks, apart=9),
        rows=tuple(
            LatencyRow(pod.short, _bars(us, scale), *_percentiles(of(pod), scale))
            for pod, us in zip(pods, sorted_us, strict=True)
        ),
    )


def _bars(us: Sequence[int], scale: Scale) -> str:
    ratio = scale.high / scale.low
    edges = [bisect_left(us, scale.low * ratio ** (i / BINS)) for i in range(BINS)] + [len(us)]
    counts = [above - below for below, above in pairwise(edges)]
    step, top = 1000 / BINS, max(counts, default=0)
    bars = ((i * step, 1000 - 1000 * count / top) for i, count in enumerate(counts) if count)
    return "".join(f"M{x + 1:.1f} 1000V{y:.1f}h{step - 2:.1f}V1000" for x, y in bars)


def _percentiles(latency: Latency, scale: Scale) -> tuple[tuple[float, ...], tuple[str, ...]]:
    found = [us for p in PERCENTILES if (us := latency.percentile(p)) is not None]
    if not found:
        return (), (NONE,) * len(PERCENTILES)
    return tuple(scale.at(max(1, us)) for us in found), tuple(map(milliseconds, found))
