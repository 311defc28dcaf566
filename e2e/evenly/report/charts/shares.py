"""The picture of shares: per pod a dot on a band, with the line on which its true share lies."""

from collections.abc import Sequence
from dataclasses import dataclass

from evenly.judge.verdict import Cause, Word
from evenly.report.charts.axis import Scale, Tick, linear_steps
from evenly.report.figures import Figures, PodFigures
from evenly.results.schema import ScenarioRecord

CLOSE_UP = 2.6  # half the close-up's width, in deviations that must be caught: 13 points where 5 must be
WIDE = 0.6
MOST_ROWS = 20
ROWS_OF_MANY = 10
MARGIN = 3.0  # percent of the picture on either side, so that a dot at the end is whole


@dataclass(frozen=True, slots=True)
class ShareRow:
    """One pod's row; places in percent of the picture's width."""

    figures: PodFigures
    at: float
    low: float
    high: float
    declared: float
    grey: tuple[float, float] | None  # start and width of the band out to the deviation that must be caught; None: not expected
    even: tuple[float, float]  # start and width of the band in which the tally for "even" climbs, half as wide
    shape: str  # "dot", "diamond" (against the verdict), "hollow" (shown, not judged)
    guilty: bool


@dataclass(frozen=True, slots=True)
class SharePicture:
    """All rows on one axis."""

    ticks: tuple[Tick, ...]
    rows: tuple[ShareRow, ...]
    cut: tuple[str, str] | None  # where a cut axis begins and ends
    expected: tuple[float, str] | None  # where the declared share of all stands, and its words
    others: tuple[int, str] | None  # how many more pods, and within how many points


def share_picture(scenario: ScenarioRecord, figures: Figures) -> SharePicture:
    """Draw the shares; of more than 20 pods the 10 that are furthest off, and those that the verdict names."""
    shown = _shown(scenario, figures)
    scale = _scale(shown)
    declared = {pod.declared for pod in figures.expected}
    q = next(iter(declared))
    delta = figures.expected[0].delta
    rest = [pod for pod in figures.pods if pod not in shown]
    return SharePicture(
        ticks=tuple(Tick(scale.at(v), f"{100 * v:g} %") for v in linear_steps(scale.low, scale.high, 6)),
        rows=tuple(_row(pod, scenario, figures, scale) for pod in shown),
        cut=(f"{100 * scale.low:.3g}", f"{100 * scale.high:.3g}") if (scale.low, scale.high) != (0.0, 1.0) else None,
        expected=(scale.at(q), f"expected {100 * q:.3g} % ± {100 * delta:.3g}") if len(declared) == 1 else None,
        others=(len(rest), f"{100 * max(abs(pod.off) for pod in rest):.2g}") if rest else None,
    )


def _shown(scenario: ScenarioRecord, figures: Figures) -> Sequence[PodFigures]:
    if len(figures.pods) <= MOST_ROWS:
        return figures.pods
    named = [pod for pod in figures.pods if pod.pod.uid in scenario.verdict.pods][:ROWS_OF_MANY]
    by_distance = sorted((pod for pod in figures.pods if pod not in named), key=lambda pod: -abs(pod.off))
    kept = {pod.pod.uid for pod in [*named, *by_distance[: ROWS_OF_MANY - len(named)]]}
    return [pod for pod in figures.pods if pod.pod.uid in kept]


def _scale(pods: Sequence[PodFigures]) -> Scale:
    """Take a close-up where all lines fit, else 0 to 60 %, else 0 to 100 %."""
    ends = [end for pod in pods for end in (pod.low, pod.high)]
    declared = [pod.declared for pod in pods if pod.pod.expected]
    around = CLOSE_UP * max(pod.delta for pod in pods)
    low, high = max(0.0, min(declared) - around), min(1.0, max(declared) + around)
    if low <= min(ends) and max(ends) <= high:
        return Scale(low, high, MARGIN)
    return Scale(0.0, WIDE if max(ends) <= WIDE else 1.0, MARGIN)


def _row(pod: PodFigures, scenario: ScenarioRecord, figures: Figures, scale: Scale) -> ShareRow:
    q, delta = pod.declared, pod.delta
    guilty = _guilty(pod, scenario, figures)
    return ShareRow(
        figures=pod,
        at=scale.at(pod.share),
        low=scale.at(pod.low),
        high=scale.at(pod.high),
        declared=scale.at(q),
        grey=(scale.at(max(0, q - delta)), scale.width(max(0, q - delta), min(1, q + delta))) if pod.pod.expected else None,
        even=(scale.at(max(0, q - delta / 2)), scale.width(max(0, q - delta / 2), min(1, q + delta / 2))),
        shape=_shape(pod, scenario, guilty=guilty),
        guilty=guilty,
    )


def _guilty(pod: PodFigures, scenario: ScenarioRecord, figures: Figures) -> bool:
    """Whether the verdict rests on this pod: unexpected, or surely off and further than all others."""
    if scenario.verdict.cause is Cause.SHARES:
        return pod.surely_off and abs(pod.off) >= abs(figures.furthest.off)
    return scenario.verdict.cause is Cause.UNEXPECTED_POD and not pod.pod.expected and pod.answered > 0


def _shape(pod: PodFigures, scenario: ScenarioRecord, *, guilty: bool) -> str:
    if scenario.verdict.word is Word.INVALID:
        return "hollow"
    return "diamond" if guilty or (scenario.verdict.cause is Cause.SHARES and pod.surely_off) else "dot"
