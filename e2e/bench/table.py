"""What was measured as a table to read: medians, and from the least to the most of all rounds."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from bench.judge import IMPORT_GOAL_MS, Cost
from bench.runs import OURS, Run
from bench.tools import WRK, Load, Spread
from bench.verdict import Verdicts
from calibration.table import table
from evenly.load.client.process import CLIENTS

HEADER = (
    "tool",
    "connections/s",
    "of wrk's",
    "CPU, us for one",
    "of wrk's",
    "connect, p50 / p99 ms",
    "connected to answered, p50 / p99 ms",
    "both, p50 / p99 ms",
    "errors",
)
VERDICT_HEADER = ("rule", "s", "connections")
VERDICT = """\
{place}. evenly: from a Service and a Locust that are ready to the verdict, with the end of the load's program and its reports.
Gateway API's conformance rule (500 requests, within 5 points, up to 10 tries): not measured; what it needs on average, were its
requests sent at the rate of {fastest}. Of three pods of which one is 5 points off it accepts 99.7 %, says the calibration, and
evenly less than 0.1 %."""
JUDGE_HEADER = ("pods", "one look, us", "goal, us")
LEAD = """\
Measured by `make bench`: {clients} clients, a new connection for every request, the tools in turn and each round in the other
order. Medians, and in brackets the least and the most of {rounds} rounds; what is "of wrk's" is compared round by round. CPU is
that of the client, user and system. "-" is what a tool does not tell. wrk cannot be told how many connections
to make: it takes {seconds} s."""
STARTING = "evenly's {name} took {program:.1f} s of CPU as a whole program, of which {sending:.1f} s while it sent."
IMPORT = "Importing evenly.judge takes {ms:.0f} ms (goal: {goal_ms}); of numpy, scipy and gevent it imports {heavy}."
NOTHING = "-"


@dataclass(frozen=True, slots=True)
class Compared:
    """One load in one place: the runs of each tool by name, in the order of the rounds."""

    place: str
    load: Load
    runs: Mapping[str, Sequence[Run]]

    def of_wrk(self, tool: str, value: Callable[[Run], float]) -> list[float]:
        """Return the ratios to wrk, one for each round."""
        return [value(run) / value(wrk) for run, wrk in zip(self.runs[tool], self.runs[WRK.name], strict=True)]


def markdown(compared: Sequence[Compared], verdicts: Verdicts, judge: Cost) -> str:
    """Write everything as Markdown."""
    sections = ["# What the load and the judge cost"]
    for one in compared:
        rounds = len(one.runs[OURS])
        ours = one.runs[OURS]
        sections += [
            f"## {one.place}: {one.load.name}",
            LEAD.format(clients=CLIENTS, rounds=rounds, seconds=one.load.seconds),
            table(HEADER, (_row(one, tool) for tool in one.runs), texts=1),
            STARTING.format(
                name=one.load.name,
                program=median(run.program_cpu_s for run in ours),
                sending=median(run.cpu_s for run in ours),
            ),
        ]
    sections += [
        "![Connections a second and CPU for one, by tool](bench.svg)",
        "## From ready to verdict",
        *_verdicts(verdicts, next(one for one in compared if one.place == verdicts.place)),
        "## The judge",
        table(JUDGE_HEADER, ((str(look.pods), f"{look.us:.0f}", f"{look.goal_us}") for look in judge.looks), texts=1),
        IMPORT.format(ms=judge.import_ms, goal_ms=IMPORT_GOAL_MS, heavy=", ".join(judge.heavy) or "nothing"),
    ]
    return "\n\n".join(sections) + "\n"


def around(values: Sequence[float], digits: int = 0) -> str:
    """Show the median, the least and the most."""
    return f"{median(values):,.{digits}f} ({min(values):,.{digits}f} to {max(values):,.{digits}f})"


def _verdicts(verdicts: Verdicts, there: Compared) -> tuple[str, str]:
    rates = {tool: median(run.rate for run in runs) for tool, runs in there.runs.items()}
    fastest = max(rates, key=lambda tool: rates[tool])
    seconds, connections = ([getattr(one, name) for one in verdicts.ours] for name in ("seconds", "connections"))
    rows = (
        (OURS, around(seconds, 2), around(connections)),
        ("Gateway API", f"{verdicts.gateway_requests / rates[fastest]:.2f}", f"{verdicts.gateway_requests:,.0f}"),
    )
    return VERDICT.format(place=verdicts.place, fastest=fastest), table(VERDICT_HEADER, rows, texts=1)


def _row(compared: Compared, tool: str) -> list[str]:
    runs = compared.runs[tool]
    return [
        tool,
        around([run.rate for run in runs]),
        around(compared.of_wrk(tool, lambda run: run.rate), 2),
        around([run.cpu_us for run in runs]),
        around(compared.of_wrk(tool, lambda run: run.cpu_us), 2),
        _times([run.told.connect for run in runs]),
        _times([run.told.answer for run in runs]),
        _times([run.told.whole for run in runs]),
        f"{sum(run.told.errors for run in runs):,}",
    ]


def _times(spreads: Sequence[Spread | None]) -> str:
    told = [spread for spread in spreads if spread]
    if not told:
        return NOTHING
    return f"{median(spread.p50_ms for spread in told):.2f} / {median(spread.p99_ms for spread in told):.2f}"
