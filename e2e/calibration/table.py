"""The measured rates as a table to read."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import starmap
from math import isclose

from calibration.curve import CASES, Case, Point
from calibration.others import RULES
from calibration.rates import Estimate, Rates
from calibration.work import RUNS, SEED

_RATES_LEAD = """\
Declared as even, looked at every 100 connections. A pod that is off is off by exactly what must be caught, and the others share
the rest. By importance sampling, which measures rates that a plain simulation of this length would not see.
Measured is the whole rule of a run: the shares, the order of the first 200 connections and drift, under one promise."""
_CURVE_LEAD = """\
What evenly says, and how often others accept the same streams. 0.0 and 100.0: in none and in all of the runs."""
_ALMOST = 0.05  # percent: what would be shown as none, or as all

RATES_HEADER = (
    "pods",
    "points that must be caught",
    "an even Service is failed, in a million runs (promised: 1)",
    "a pod that gets so much less is passed, in a thousand runs (promised: 1)",
    "a pod that gets so much more is passed, in a thousand runs (promised: 1)",
    "an even Service passes, %",
    "after connections, mean",
    "99 % of runs within",
    "at most",
)
CURVE_HEADER = ("points less", "PASS, %", "FAIL, %", "INCONCLUSIVE, %", "connections, mean", *(f"{name}, %" for name in RULES))
CASES_HEADER = ("Service", "suite", "accepted, %", "evenly: PASS, %", "evenly: FAIL, %", "connections, mean")


@dataclass(frozen=True, slots=True)
class Calibration:
    """Everything that was measured: the rates by number of pods, the operating curve by bias in points, and the cases."""

    rates: Sequence[Rates]
    curve: Sequence[tuple[float, Point]]
    cases: Sequence[Point]


def markdown(calibration: Calibration) -> str:
    """Write everything as Markdown."""
    sections = (
        "# How often a verdict is wrong",
        f"Measured by `make calibrate`: {RUNS:,} simulated runs behind every line, seed {SEED}. In brackets: 95 % intervals.",
        "## Wrong verdicts, by number of pods",
        _RATES_LEAD,
        table(RATES_HEADER, map(_rates_row, calibration.rates)),
        "## One of three pods gets less than its third",
        _CURVE_LEAD,
        table(CURVE_HEADER, starmap(_curve_row, calibration.curve)),
        "![How often each rule accepts a Service, by how far one of its pods is off](curve.svg)",
        "## What other suites accept or refuse",
        table(CASES_HEADER, starmap(_case_row, zip(CASES, calibration.cases, strict=True)), texts=2),
        "## Their rules, as replayed",
        "\n".join(f"- {' '.join((rule.__doc__ or '').split())}" for rule in RULES.values()),
    )
    return "\n\n".join(sections) + "\n"


def percent(rate: float) -> str:
    """Show a rate in percent, without rounding it to none or all."""
    shown = 100 * rate
    if 0 < shown < _ALMOST:
        return "<0.1"
    if shown >= 100 - _ALMOST and not isclose(shown, 100):
        return ">99.9"
    return f"{shown:.1f}"


def table(header: Sequence[str], rows: Iterable[Sequence[str]], texts: int = 0) -> str:
    """Write a table, whose first so many columns are texts and the others numbers."""
    lines = (header, ["---"] * texts + ["--:"] * (len(header) - texts), *rows)
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _rates_row(rates: Rates) -> list[str]:
    return [
        str(rates.pods),
        f"{100 * rates.delta:g}",
        _scaled(rates.false_fail, 1e6),
        _scaled(rates.false_pass_less, 1e3),
        _scaled(rates.false_pass_more, 1e3),
        percent(rates.fair_pass),
        f"{rates.fair_mean_connections:,.0f}",
        f"{rates.fair_p99_connections:,.0f}",
        f"{rates.cap:,}",
    ]


def _curve_row(bias_pp: float, point: Point) -> list[str]:
    return [f"{bias_pp:g}", *_words(point), *(percent(point.others[name]) for name in RULES)]


def _case_row(case: Case, point: Point) -> list[str]:
    passed, failed, _, connections = _words(point)
    return [case.name, case.by, percent(point.others[case.by]), passed, failed, connections]


def _words(point: Point) -> list[str]:
    return [*map(percent, (point.passed, point.failed, point.inconclusive)), f"{point.mean_connections:,.0f}"]


def _scaled(estimate: Estimate, times: float) -> str:
    return f"{times * estimate.rate:#.3g} ({times * estimate.low:#.3g} to {times * estimate.high:#.3g})"
