"""The operating curve as one SVG that is read by itself, light and dark."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from types import MappingProxyType

from calibration.curve import Point
from calibration.others import RULES
from evenly.judge import DELTA
from evenly.report.charts.axis import Scale, linear_steps

Curve = Sequence[tuple[float, Point]]
Values = Sequence[tuple[float, float]]  # bias in points, what is drawn

_WIDTH, _HEIGHT = 1160, 470
_TITLE = "How often a Service is accepted although one of its pods gets less"
_LEAD = "In the tint a bias may pass: it is smaller than what must be caught. Right of it nothing should be accepted."
_TEXT = """\
svg { background: var(--paper); font: 13px system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; }
text { fill: var(--muted); } .title { font-size: 17px; font-weight: 650; fill: var(--ink); } .strong { font-weight: 650; }
.on { paint-order: stroke; stroke: var(--paper); stroke-width: 4px; stroke-linejoin: round; }
line { stroke: var(--rule); } .edge { stroke: var(--data); stroke-width: 1.5; } .band { fill: var(--band); }
path { fill: none; stroke-linejoin: round; } .end { text-anchor: end; } .middle { text-anchor: middle; }
.PASS { stroke: var(--pass); stroke-width: 3.5; } text.PASS { fill: var(--pass); }
.FAIL { stroke: var(--fail); stroke-width: 2.5; stroke-dasharray: 7 4; } text.FAIL { fill: var(--fail); }
.INCONCLUSIVE { stroke: var(--inconclusive); stroke-width: 2; stroke-dasharray: 2 4; } text.INCONCLUSIVE { fill: var(--ink); }
.other { stroke: var(--data); stroke-width: 1.75; } text.other { fill: var(--data); }
text.PASS, text.FAIL, text.INCONCLUSIVE, text.other { stroke: var(--paper); stroke-width: 4px; stroke-dasharray: none; }
"""
# Where each line's name stands: at which bias, how far right of the line and how far below it, in px.
_NAMES: Mapping[str, tuple[float, int, int]] = MappingProxyType(
    {
        "Kubernetes e2e": (10.0, 0, 18),
        "Istio": (9.0, 0, 18),
        "Knative": (9.0, 10, -4),
        "Gateway API": (8.0, -88, 6),
        "Gateway API, mirror": (8.0, 8, -2),
        "chi-square, kept alive": (0.0, 10, -12),
    }
)
_DASHES = ("", "9 5", "2 4", "", "6 3 2 3", "12 4")


@dataclass(frozen=True, slots=True)
class _Panel:
    """A rectangle, in px, with bias in points from left to right and values from 0 upwards."""

    left: int
    top: int
    width: int
    height: int
    highest: float

    def at(self, bias_pp: float, value: float) -> tuple[float, float]:
        x = self.left + Scale(0, _FURTHEST_PP).at(bias_pp) / 100 * self.width
        return round(x, 1), round(self.top + self.height * (1 - value / self.highest), 1)

    def path(self, values: Values, kind: str, dash: str = "") -> str:
        d = "L".join("{} {}".format(*self.at(*point)) for point in values)
        dashes = f' style="stroke-dasharray:{dash}"' if dash else ""
        return f'<path class="{kind}" d="M{d}"{dashes}/>'

    def name(self, values: Values, at: tuple[float, int, int], words: str, kind: str) -> str:
        bias_pp, right, below = at
        x, y = self.at(bias_pp, dict(values)[bias_pp])
        return f'<text class="on strong {kind}" x="{x + right}" y="{y + below}">{words}</text>'

    def frame(self, title: str, lead: str, most: int, unit: str) -> list[str]:
        (zero, bottom), (edge, top) = self.at(0, 0), self.at(100 * DELTA, self.highest)
        drawn = [
            f'<text class="title" x="{self.left}" y="{self.top - 34}">{title}</text>',
            f'<text x="{self.left}" y="{self.top - 14}">{lead}</text>',
            f'<rect class="band" x="{zero}" y="{top}" width="{edge - zero}" height="{bottom - top}"/>',
        ]
        for value in linear_steps(0, self.highest, most):
            x, y = self.at(0, value)
            drawn.append(f'<line x1="{x}" x2="{x + self.width}" y1="{y}" y2="{y}"/>')
            drawn.append(f'<text class="end" x="{x - 8}" y="{y + 4}">{value:,.0f}{unit}</text>')
        drawn += [
            f'<text class="middle" x="{self.at(bias_pp, 0)[0]}" y="{bottom + 20}">{bias_pp:g}</text>'
            for bias_pp in linear_steps(0, _FURTHEST_PP, 6)
        ]
        drawn.append(f'<line class="edge" x1="{edge}" x2="{edge}" y1="{top}" y2="{bottom}"/>')
        drawn.append(f'<text class="end" x="{self.left + self.width}" y="{bottom + 40}">points less than a third</text>')
        return drawn


_FURTHEST_PP = 12
_ACCEPTED = _Panel(62, 66, 600, 344, 100)
_SAID = _Panel(768, 66, 380, 120, 100)
_TOOK = _Panel(768, 290, 380, 120, 10_000)


def picture(curve: Curve) -> str:
    """Draw how often each rule accepts a Service, what evenly says, and what that costs."""
    drawn = [*_accepted(curve), *_said(curve), *_took(curve)]
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img">',
            f"<title>{_TITLE}</title>",
            f"<style>{colours()}{_TEXT}</style>",
            *drawn,
            "</svg>\n",
        )
    )


def _accepted(curve: Curve) -> list[str]:
    drawn = _ACCEPTED.frame(_TITLE, _LEAD, 5, " %")
    others = {name: [(bias_pp, 100 * point.others[name]) for bias_pp, point in curve] for name in RULES}
    passed = [(bias_pp, 100 * point.passed) for bias_pp, point in curve]
    drawn += [_ACCEPTED.path(values, "other", dash) for values, dash in zip(others.values(), _DASHES, strict=True)]
    drawn.append(_ACCEPTED.path(passed, "PASS"))
    drawn += [_ACCEPTED.name(values, _NAMES[name], name, "other") for name, values in others.items()]
    return [*drawn, _ACCEPTED.name(passed, (2.0, 10, 6), "evenly", "PASS")]


def _said(curve: Curve) -> list[str]:
    drawn = _SAID.frame("What evenly says", "Without an answer it says so.", 2, " %")
    passed = [(bias_pp, 100 * point.passed) for bias_pp, point in curve]
    failed = [(bias_pp, 100 * point.failed) for bias_pp, point in curve]
    open_ = [(bias_pp, 100 * point.inconclusive) for bias_pp, point in curve]
    drawn += [_SAID.path(open_, "INCONCLUSIVE"), _SAID.path(failed, "FAIL"), _SAID.path(passed, "PASS")]
    return [
        *drawn,
        _SAID.name(passed, (1.0, -20, 24), "PASS", "PASS"),
        _SAID.name(failed, (7.0, 0, 20), "FAIL", "FAIL"),
        _SAID.name(open_, (4.0, 12, -8), "INCONCLUSIVE", "INCONCLUSIVE"),
    ]


def _took(curve: Curve) -> list[str]:
    drawn = _TOOK.frame("Connections until it says so", "Mean of all runs.", 4, "")
    return [*drawn, _TOOK.path([(bias_pp, point.mean_connections) for bias_pp, point in curve], "other")]


def colours() -> str:
    """Take the page's colours, light and dark, which are the first rules of its style."""
    style = files("evenly.report.page").joinpath("templates/style.css").read_text(encoding="utf-8")
    return style[: style.index(".PASS")]
