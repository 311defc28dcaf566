"""One load by one tool: what it tells, and the CPU that it took."""

import resource
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles
from tempfile import TemporaryDirectory

from bench.places import Target
from bench.programs import Programs
from bench.tools import Load, Spread, Told, Tool
from evenly import process
from evenly.judge import uniform
from evenly.k8s.wait import until
from evenly.load.client.process import LocustProcess
from evenly.load.plan import LoadPlan
from evenly.load.rows import Row

OURS = "evenly"
UNDECIDED = 1e-300
NOTHING_TO_CATCH = 1e-9
"""With these rates of error, and this as the deviation to catch, the judge looks as ever and no look decides."""

ENDLESS = 10_000_000
GREETINGS = 100
END_LIMIT_S = 30.0


@dataclass(frozen=True, slots=True)
class Run:
    """What a tool told, the CPU it used while it sent (user and system), and that of the whole program."""

    told: Told
    cpu_s: float
    program_cpu_s: float

    @property
    def rate(self) -> float:
        """Connections a second."""
        return self.told.connections / self.told.seconds

    @property
    def cpu_us(self) -> float:
        """CPU for one connection, in microseconds."""
        return self.cpu_s / self.told.connections * 1e6


def other(tool: Tool, programs: Programs, target: Target, load: Load) -> Run:
    """Let another load generator send the load; all it does from its start to its end is counted as sending."""
    before_s = _children_cpu_s()
    text = process.run(
        programs.paths[tool.name],
        *tool.words(load, f"http://{target}/bench/1"),
        env=programs.environment,
        timeout_s=load.seconds + END_LIMIT_S,
    )
    cpu_s = _children_cpu_s() - before_s
    return Run(tool.read(text), cpu_s, cpu_s)


def ours(target: Target, load: Load, workers: int = 1) -> Run:
    """Send the load as a run does: Locust as a program of its own, the judge that looks, a ledger of every attempt.

    Only the prelude is left out: in it the clients are not at work together. Locust takes about 1 s of CPU to start, which
    is in ``program_cpu_s`` alone.
    """
    with TemporaryDirectory(prefix="bench") as folder:
        pods = pods_of(target, Path(folder, "greet"))
        before_s = _children_cpu_s()
        cap = load.connections or ENDLESS
        with LocustProcess(str(target), Path(folder, "load"), workers=workers) as locust:
            locust.release(
                LoadPlan(
                    "bench",
                    uniform(pods),
                    cap,
                    alpha=UNDECIDED,
                    beta=UNDECIDED,
                    delta=NOTHING_TO_CATCH,
                    errors_allowed=cap,
                    prelude=0,
                )
            )
            if not load.connections:
                until(lambda: bool(locust.rows), limit_s=END_LIMIT_S)
                time.sleep(load.seconds)
                locust.stop()
            summary = locust.wait()
            rows = locust.rows
        return Run(_told(rows, summary.seconds), summary.client_cpu_s, _children_cpu_s() - before_s)


def pods_of(target: Target, folder: Path) -> set[str]:
    """Find out who answers, without whom no law can be declared: every answer is from a pod that is not expected."""
    with LocustProcess(str(target), folder) as locust:
        locust.release(LoadPlan("greet", uniform(["nobody"]), GREETINGS, least_after_fail=GREETINGS, prelude=0))
        locust.wait()
        return {row.uid for row in locust.rows if row.error is None}


def _told(rows: tuple[Row, ...], seconds: float) -> Told:
    answered = [(row.connect_us, row.response_us) for row in rows if row.connect_us is not None and row.response_us is not None]
    connect, answer = zip(*answered, strict=True)
    return Told(
        len(rows),
        seconds,
        len(rows) - len(answered),
        _spread([sum(both) for both in answered]),
        _spread(answer),
        _spread(connect),
    )


def _spread(times_us: Sequence[int]) -> Spread:
    percentiles = quantiles(times_us, n=100)
    return Spread(percentiles[49] / 1000, percentiles[98] / 1000)


def _children_cpu_s() -> float:
    """Return the CPU of all programs that have ended and been waited for."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
