"""The picture of how the evidence grew: two tallies over the connections, and one finishing line."""

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

from evenly.judge.verdict import Cause, Word
from evenly.report.figures import Figures
from evenly.report.markup import Text, text
from evenly.report.result import LookRecord, ScenarioRecord
from evenly.report.scale import Scale, Tick, linear_steps
from evenly.report.words import counted, ratio

TOP, BOTTOM = 108.0, -62.0  # of the frame, in percent of what decides; lines leave it instead of crawling along its edge
LABEL_WIDTH = 34.0  # percent of the picture's width that a label takes on a narrow screen
LABEL_HEIGHT = 11.0


@dataclass(frozen=True, slots=True)
class Label:
    """Words beside a line, in percent of the picture's width and height; ``anchor`` is the end of the text that lies at ``x``."""

    x: float
    y: float
    anchor: str
    words: str


@dataclass(frozen=True, slots=True)
class EvidencePicture:
    """Two lines as SVG path data in a box of 1000 x 1000, their labels, and what is read at each look."""

    even: str
    uneven: str
    even_label: Label | None
    uneven_label: Label | None
    across: tuple[Tick, ...]
    up: tuple[Tick, ...]
    event: Tick | None  # a vertical line: the attempt that settled it, or from which on another set of pods was there
    used: bool  # whether the tallies decided
    lead: str
    reading: Text
    readings: tuple[tuple[float, str, str, str], ...]  # per look: place, connections, even ratio, uneven E


def evidence_picture(scenario: ScenarioRecord, figures: Figures) -> EvidencePicture | None:
    """Draw both tallies in percent of what decides; None when there was no look and nothing was settled."""
    event = _event(scenario, figures)
    if not scenario.looks and event is None:
        return None
    looks = (LookRecord(0, 0.0, 0.0), *scenario.looks)
    across = Scale(0, max(looks[-1].connections, figures.sent if len(looks) == 1 else 1, 1))
    up = Scale(TOP, BOTTOM)
    even = [100 * look.ln_even / -math.log(scenario.rule.beta) for look in looks]
    uneven = [100 * look.ln_uneven / -math.log(scenario.rule.alpha) for look in looks]
    xs = [across.at(look.connections) for look in looks]
    decided = scenario.verdict
    return EvidencePicture(
        even=_path(xs, [up.at(v) for v in even]),
        uneven=_path(xs, [up.at(v) for v in uneven]),
        even_label=_label(xs, even, uneven, _words("even", even, decided.word is Word.PASS, decided.connections), up),
        uneven_label=_label(xs, uneven, even, _words("uneven", uneven, decided.cause is Cause.SHARES, decided.connections), up),
        across=_ticks(across),
        up=tuple(Tick(up.at(v), "100 %" if v == 100 else f"{v}".replace("-", "−")) for v in (100, 50, 0, -50)),
        event=Tick(across.at(event[0]), event[1]) if event else None,
        used=decided.cause in {None, Cause.SHARES, Cause.UNDECIDED},
        lead=_lead(scenario),
        reading=_reading(scenario),
        readings=tuple(
            (x, f"{look.connections:,}", ratio(look.ln_even), ratio(look.ln_uneven)) for x, look in zip(xs, looks, strict=True)
        ),
    )


def _event(scenario: ScenarioRecord, figures: Figures) -> tuple[int, str] | None:
    verdict = scenario.verdict
    if verdict.decided_at is not None:
        what = {Cause.UNEXPECTED_POD: "unexpected pod", Cause.ERRORS: "one error too many"}.get(verdict.cause, "settled")  # type: ignore[arg-type]  # None has no key
        return verdict.decided_at, f"connection {verdict.decided_at:,}: {what}"
    changes = [reading for reading in scenario.endpoints[1:] if reading.at_s > 0]
    if verdict.cause is Cause.ENDPOINTS and changes:
        number = figures.samples.started_before(changes[0].at_s)
        return number, f"pods changed, connection {number:,}"
    return None


def _path(xs: Sequence[float], ys: Sequence[float]) -> str:
    """Path data; a point far outside is brought near, as a path with huge numbers is drawn wrongly, and left out when repeated."""
    points = [f"{10 * x:g} {10 * max(-200.0, min(300.0, y)):g}" for x, y in zip(xs, ys, strict=True)]
    return "M" + "L".join(points)


def _words(name: str, tally: Sequence[float], decides: bool, at: int) -> str:  # noqa: FBT001 - a fact of the line
    if decides:
        return f"{name}: decided at {at:,}"
    if tally[-1] < BOTTOM:
        return f"{name}: ruled out"
    return f"{name}: sinking" if tally[-1] < -10 else name


def _label(xs: Sequence[float], line: Sequence[float], other: Sequence[float], words: str, up: Scale) -> Label | None:
    """Put the words close to their line where they are furthest from both lines."""
    if len(xs) == 1:
        return None
    inside = [i for i, v in enumerate(line) if BOTTOM < v < TOP]
    best: tuple[float, Label] | None = None
    for i in inside[1:]:
        start = min(max(0.0, xs[i] - LABEL_WIDTH / 2), 100 - LABEL_WIDTH)
        span = range(bisect_left(xs, start), min(len(xs), bisect_left(xs, start + LABEL_WIDTH) + 1))
        near = [line[j] for j in span if BOTTOM < line[j] < TOP] or [line[i]]
        for y in (max(near) + LABEL_HEIGHT, min(near) - LABEL_HEIGHT):
            if not BOTTOM + LABEL_HEIGHT < y < 100 - LABEL_HEIGHT:
                continue
            clear = min(min(abs(other[j] - y), 3 * LABEL_HEIGHT) for j in span) - abs(y - line[i]) / 2
            if best is None or clear > best[0] + 1e-9:
                anchor, x = ("end", 100.0) if start + LABEL_WIDTH >= 100 else ("middle", start + LABEL_WIDTH / 2)
                best = clear, Label(round(x, 1), up.at(y), anchor, words)
    return best[1] if best else None


def _ticks(scale: Scale) -> tuple[Tick, ...]:
    """Round numbers from 0, and the last connection with its unit at the end."""
    last = Tick(100.0, counted(int(scale.high), "connection"))
    ticks = [Tick(scale.at(v), f"{v:,.0f}") for v in linear_steps(0, scale.high, 5) if v == int(v)]
    return (*(tick for tick in ticks if tick.at < 68), last)


def _lead(scenario: ScenarioRecord) -> str:
    match scenario.verdict.cause:
        case Cause.UNEXPECTED_POD:
            return "The declared law gives an unexpected pod no connection at all, so its first answer ends the question at once."
        case Cause.ERRORS:
            return "The tallies cover what was answered; errors beyond the declared number fail a run whatever the shares."
        case Cause.BOOKS | Cause.ENDPOINTS:
            return "The tallies assume one fixed set of pods and a new connection for each request. They were not used."
        case _:
            return "Two tallies over the same connections, one for “even”, one for “uneven”. The first to reach 100 % decides; looking often is allowed for."


def _reading(scenario: ScenarioRecord) -> Text:
    verdict, rule = scenario.verdict, scenario.rule
    if verdict.decided_at is not None:
        return text("Decided by a hard rule at connection **{n}**; the two tallies were not needed.", n=f"{verdict.decided_at:,}")
    look = next((look for look in scenario.looks if look.connections == verdict.connections), None) or (
        scenario.looks[-1] if scenario.looks else LookRecord(0, 0.0, 0.0)
    )
    begin = {None: "Decided at the look after", Cause.SHARES: "Decided at the look after"}.get(verdict.cause, "At the last look, after")
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
