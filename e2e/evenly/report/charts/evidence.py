"""The picture of how the evidence grew: two tallies over the connections, and one finishing line."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from evenly.judge.verdict import Cause, Word
from evenly.report.charts.axis import Scale, Tick, linear_steps
from evenly.report.figures import Figures
from evenly.report.text.markup import Text, text
from evenly.report.text.numbers import counted, ratio
from evenly.results.schema import LookRecord, ScenarioRecord

UP = ((100, "100 %"), (50, "50"), (0, "0"), (-50, "\N{MINUS SIGN}50"))
TOP, BOTTOM = 108.0, -62.0  # of the frame, in percent of what decides; lines leave it instead of crawling along its edge
SINKING = -10.0
LATE = 66.0  # percent of the width: from there on the words of the last tick need the room
MOST_LOOKS = 240
FAR = 300.0  # percent of the picture's height, well outside of it


@dataclass(frozen=True, slots=True)
class EvidencePicture:
    """Two lines as SVG path data in a box of 1000 x 1000, the legend above them, and what is read at each look."""

    even: str
    uneven: str
    legend: tuple[str, ...]  # what became of "even", then of "uneven"; empty where no line is drawn
    across: tuple[Tick, ...]
    up: tuple[Tick, ...]
    event: Tick | None  # a vertical line: the attempt that settled it, or from which on another set of pods was there
    settled: bool  # whether that attempt settled it, by a hard rule
    used: bool  # whether the tallies decided
    lead: str
    reading: Text
    readings: tuple[tuple[float, str, str, str], ...]  # per look: place, connections, even ratio, uneven E


def evidence_picture(scenario: ScenarioRecord, figures: Figures) -> EvidencePicture | None:
    """Draw both tallies in percent of what decides.

    None when there was no look and nothing was settled, and for kept-alive connections: the tallies took requests for choices.
    """
    event = _event(scenario, figures)
    if (not scenario.looks and event is None) or figures.pooled:
        return None
    looks = (LookRecord(0, 0.0, 0.0), *_drawn(scenario))
    across = Scale(0, max(looks[-1].connections, figures.sent if len(looks) == 1 else 1, 1))
    up = Scale(TOP, BOTTOM)
    even = [100 * look.ln_even / -math.log(scenario.rule.beta) for look in looks]
    uneven = [100 * look.ln_uneven / -math.log(scenario.rule.alpha) for look in looks]
    xs = [across.at(look.connections) for look in looks]
    decided = scenario.verdict
    failed = decided.cause is not None and decided.cause.weighed
    return EvidencePicture(
        even=_path(xs, [up.at(v) for v in even]),
        uneven=_path(xs, [up.at(v) for v in uneven]),
        legend=(
            _words("even", even, decided.connections if decided.cause is None else None),
            _words("uneven", uneven, decided.connections if failed else None),
        )
        if len(looks) > 1
        else (),
        across=_ticks(across),
        up=tuple(Tick(up.at(v), label) for v, label in UP),
        event=Tick(across.at(event[0]), event[1]) if event else None,
        settled=decided.decided_at is not None,
        used=failed or decided.cause in {None, Cause.UNDECIDED},
        lead=_lead(scenario),
        reading=_reading(scenario),
        readings=tuple(
            (x, f"{look.connections:,}", ratio(look.ln_even), ratio(look.ln_uneven)) for x, look in zip(xs, looks, strict=True)
        ),
    )


def _drawn(scenario: ScenarioRecord) -> list[LookRecord]:
    """Leave out looks where there are more than the picture can show; the one that decided and the last stay."""
    looks = scenario.looks
    step = math.ceil(len(looks) / MOST_LOOKS) if looks else 1
    return [
        look
        for i, look in enumerate(looks, 1)
        if i % step == 0 or i == len(looks) or look.connections == scenario.verdict.connections
    ]


def _event(scenario: ScenarioRecord, figures: Figures) -> tuple[int, str] | None:
    verdict = scenario.verdict
    if verdict.decided_at is not None:
        what = "unexpected pod" if verdict.cause is Cause.UNEXPECTED_POD else "one error too many"
        return verdict.decided_at, f"{what}, connection {verdict.decided_at:,}"
    changes = [reading for reading in scenario.endpoints[1:] if reading.at_s > 0]
    if verdict.cause is Cause.ENDPOINTS and changes:
        number = figures.samples.started_before(changes[0].at_s)
        return number, f"pods changed, connection {number:,}"
    return None


def _path(xs: Sequence[float], ys: Sequence[float]) -> str:
    """Write path data, in a box of 1000 x 1000; huge numbers would be drawn wrongly, so points stay near the frame."""
    points = [f"{10 * x:g} {10 * max(-FAR, min(FAR, y)):g}" for x, y in zip(xs, ys, strict=True)]
    return "M" + "L".join(points)


def _words(name: str, tally: Sequence[float], at: int | None) -> str:
    if at is not None:
        return f"{name}: decided at {at:,}"
    if tally[-1] < BOTTOM:
        return f"{name}: ruled out"
    return f"{name}: sinking" if tally[-1] < SINKING else name


def _ticks(scale: Scale) -> tuple[Tick, ...]:
    """Round numbers from 0, and the last connection with its unit at the end."""
    last = Tick(100.0, counted(int(scale.high), "connection"))
    ticks = [Tick(scale.at(v), f"{v:,.0f}") for v in linear_steps(0, scale.high, 5) if v == int(v)]
    return (*(tick for tick in ticks if tick.at < LATE), last)


def _lead(scenario: ScenarioRecord) -> str:
    match scenario.verdict.cause:
        case Cause.UNEXPECTED_POD:
            return (
                "The declared law gives an unexpected pod no connection at all, so its first answer ends the question at once."
            )
        case Cause.ERRORS:
            return "The tallies cover what was answered; errors beyond the declared number fail a run whatever the shares."
        case Cause.UNRECONCILED | Cause.ENDPOINTS:
            return "The tallies assume one fixed set of pods and a new connection for each request. They were not used."
        case _:
            return (
                "Two tallies over the same connections, one for “even”, one for “uneven”. "
                "The first to reach 100 % decides; looking often is allowed for."
            )


def _reading(scenario: ScenarioRecord) -> Text:
    verdict, rule = scenario.verdict, scenario.rule
    if verdict.decided_at is not None:
        return text(
            "Decided by a hard rule at connection **{n}**; the two tallies were not needed.", n=f"{verdict.decided_at:,}"
        )
    look = next((look for look in scenario.looks if look.connections == verdict.connections), None) or (
        scenario.looks[-1] if scenario.looks else LookRecord(0, 0.0, 0.0)
    )
    begin = "Decided at the look after" if not verdict.cause or verdict.cause.weighed else "At the last look, after"
    return text(
        "{begin} **{n}**: even ratio **{even}**, needed {even_needed}; uneven E **{uneven}**, needed {uneven_needed}.{end}",
        begin=begin,
        n=counted(look.connections, "connection"),
        even=ratio(look.ln_even),
        even_needed=ratio(-math.log(rule.beta)),
        uneven=ratio(look.ln_uneven),
        uneven_needed=ratio(-math.log(rule.alpha)),
        end=" Not used." if verdict.word is Word.INVALID else "",
    )
