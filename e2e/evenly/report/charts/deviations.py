"""How far each scenario's pods were off, all scenarios of a run on one scale."""

from dataclasses import dataclass

from evenly.report.charts.axis import Scale
from evenly.report.figures import Figures

FURTHEST_POINTS = 10.0
ARROW_MARGIN = 4.0


@dataclass(frozen=True, slots=True)
class Deviations:
    """Where each expected pod stands off its declared share: places in percent of a scale of 10 points to both sides."""

    dots: tuple[float, ...]
    below: bool  # a pod is further off than the scale reaches
    above: bool
    grey: tuple[float, float]
    even: tuple[float, float]
    furthest: str


def deviations(figures: Figures) -> Deviations:
    """Place all expected pods on one scale, the same for any number of pods and any law."""
    scale = Scale(-FURTHEST_POINTS, FURTHEST_POINTS, ARROW_MARGIN)
    off = [100 * pod.off for pod in figures.expected]
    delta = 100 * figures.furthest.delta
    return Deviations(
        dots=tuple(sorted({scale.at(o) for o in off if abs(o) <= FURTHEST_POINTS})),
        below=min(off) < -FURTHEST_POINTS,
        above=max(off) > FURTHEST_POINTS,
        grey=(scale.at(-delta), scale.width(-delta, delta)),
        even=(scale.at(-delta / 2), scale.width(-delta / 2, delta / 2)),
        furthest=f"{max(map(abs, off)):.1f}",
    )
