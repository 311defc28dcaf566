"""Rates and CPU of all tools as one SVG that is read by itself, light and dark."""

from collections.abc import Callable, Sequence
from statistics import median

from bench.runs import OURS, Run
from bench.table import Compared
from calibration.picture import colours
from evenly.report.charts.axis import Scale

_WIDTH, _ROW, _GAP = 1000, 24, 62
_LEFT, _BAR, _SECOND = 130, 270, 630  # px: where bars begin, how long the longest is, where the right half begins
_TEXT = """\
svg { background: var(--paper); font: 13px system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; }
text { fill: var(--muted); } .title { font-size: 15px; font-weight: 650; fill: var(--ink); } .end { text-anchor: end; }
rect { fill: var(--rule); } rect.ours { fill: var(--data); } text.ours { fill: var(--ink); font-weight: 650; }
line { stroke: var(--ink); stroke-width: 1.5; }
"""
_TITLE = "What a new connection costs, by load generator"
_HALVES: Sequence[tuple[str, int, Callable[[Run], float]]] = (
    ("connections a second", _LEFT, lambda run: run.rate),
    ("client CPU for one connection, us", _SECOND, lambda run: run.cpu_us),
)


def picture(compared: Sequence[Compared]) -> str:
    """Draw a bar for each tool's median, and a line from the least to the most, for each load in each place."""
    drawn, top = [], 0
    for one in compared:
        drawn += _block(one, top)
        top += _GAP + _ROW * len(one.runs)
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {top + _ROW}" role="img">',
            f"<title>{_TITLE}</title>",
            f"<style>{colours()}{_TEXT}</style>",
            *drawn,
            "</svg>\n",
        )
    )


def _block(compared: Compared, top: int) -> list[str]:
    drawn = [f'<text class="title" x="{_LEFT}" y="{top + 26}">{compared.place}: {compared.load.name}</text>']
    for words, left, value in _HALVES:
        scale = Scale(0, max(value(run) for runs in compared.runs.values() for run in runs))
        drawn.append(f'<text x="{left}" y="{top + 46}">{words}</text>')
        for number, (tool, runs) in enumerate(compared.runs.items()):
            y = top + 54 + number * _ROW
            values = [value(run) for run in runs]
            least, middle, most = (
                round(left + _BAR * scale.at(v) / 100, 1) for v in (min(values), median(values), max(values))
            )
            kind = "ours" if tool.startswith(OURS) else "other"
            drawn += [
                f'<text class="end {kind}" x="{left - 8}" y="{y + 13}">{tool}</text>',
                f'<rect class="{kind}" x="{left}" y="{y}" width="{middle - left:.1f}" height="{_ROW - 6}"/>',
                f'<line x1="{least}" x2="{most}" y1="{y + 9}" y2="{y + 9}"/>',
                f'<text class="{kind}" x="{max(middle, most) + 8}" y="{y + 13}">{median(values):,.0f}</text>',
            ]
    return drawn
