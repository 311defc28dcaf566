"""The command `evenly plan`: what a person typed about a test, and what such a test takes and may miss, in sentences."""

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import expm1, fsum, isclose, log1p
from pathlib import Path
from random import Random
from typing import Annotated

import typer

from evenly.errors import EvenlyError
from evenly.judge import LOOK_EVERY, Law, ShareRule, deviation_to_catch, uniform
from evenly.judge.planner import Estimate, Forecast, forecast
from evenly.report.text.numbers import counted, duration, once_in, percents, points
from evenly.settings import load

SEED = 20261124  # the same question gets the same answer
FEWEST_PODS, MOST_PODS = 2, 100
NIGHTS = 365

commands = typer.Typer()

_NUMBER = re.compile(r"(?:\d+\.?\d*|\.\d+)(?:e-?\d+)?")
_PARTS = {"": 1, "%": 100, "pp": 100}
_PERCENTS = {"": 1, "%": 1}
_RATES = {"": 1, "/s": 1}


@dataclass(frozen=True, slots=True)
class Asked:
    """The options of the command as they were typed; None where one was not given."""

    pods: int | None = None
    shares: str | None = None
    delta: str | None = None
    alpha: str | None = None
    beta: str | None = None
    rate: str | None = None
    verdicts: int | None = None


@commands.command("plan")
def print_plan(  # noqa: PLR0913 - one for each option
    *,
    pods: Annotated[int | None, typer.Option(help="How many pods share evenly.", show_default="3")] = None,
    shares: Annotated[str | None, typer.Option(help="Declared shares in percent, such as 50,30,20.")] = None,
    delta: Annotated[
        str | None, typer.Option(help="Smallest deviation of a share that must be caught.", show_default="5pp")
    ] = None,
    alpha: Annotated[str | None, typer.Option(help="How often an even Service may be failed.", show_default="1e-6")] = None,
    beta: Annotated[
        str | None, typer.Option(help="How often one that is delta or more off may be passed.", show_default="1e-3")
    ] = None,
    rate: Annotated[str | None, typer.Option(help="Connections a second, such as 4000/s.")] = None,
    verdicts: Annotated[int | None, typer.Option(help="How many verdicts there are in a night.")] = None,
) -> None:
    """Tell how many connections a test takes, how long, and what it may miss; nothing is sent."""
    for line in plan(Asked(pods, shares, delta, alpha, beta, rate, verdicts), os.environ, Path.cwd()):
        typer.echo(line)


def plan(asked: Asked, environ: Mapping[str, str], folder: Path) -> list[str]:
    """Tell what the test takes and may miss; a delta, alpha or beta that was not given is that of a run in this folder.

    Raises EvenlyError for an option that cannot be read, and for options that cannot be planned for together.
    """
    typed = {name: getattr(asked, name) for name in ("delta", "alpha", "beta")}
    given = {name: _read(f"--{name}", text, _PARTS, "5pp, 5% or 0.05") for name, text in typed.items() if text is not None}
    settings = load(given, environ, folder)
    rate_per_s = None if asked.rate is None else _read("--rate", asked.rate, _RATES, "4000/s or 4000")
    if asked.verdicts is not None and asked.verdicts < 1:
        raise EvenlyError(f"--verdicts is {asked.verdicts}", "give how many verdicts there are in a night: 1 or more")
    rule = ShareRule(_law(asked), settings.alpha, settings.beta, settings.delta)
    smallest = min(rule.law.shares.values())
    if "delta" in given and rule.delta >= smallest:
        raise EvenlyError(
            f"--delta is {_points(rule.delta)}, and a pod has a share of {percents([smallest])} only",
            "give less than that, or leave --delta out: what is caught is then never more than half a share",
        )
    try:
        found = forecast(rule, Random(SEED).random)  # noqa: S311 - a simulation, not a secret
    except ValueError as error:
        raise EvenlyError(f"there is no plan: {error}", "give a larger --delta") from None
    return [*_takes(found, rule, rate_per_s), *_errs(rule, asked.verdicts), "", *_misses(found, rule), "", *_simulated(found)]


def _read(option: str, typed: str, units: Mapping[str, int], examples: str) -> float:
    """Read a number above 0 that may have one of these units, and divide it by what is set for the unit."""
    found = _NUMBER.match(typed)
    unit = typed[found.end() :].strip() if found else ""
    if not found or unit not in units or float(found[0]) == 0:
        raise EvenlyError(f"{option} is {typed!r}", f"give a number above 0, such as {examples}")
    return float(found[0]) / units[unit]


def _law(asked: Asked) -> Law:
    if asked.shares is None:
        pods = 3 if asked.pods is None else asked.pods
        if not FEWEST_PODS <= pods <= MOST_PODS:
            raise EvenlyError(f"--pods is {pods}", f"give {FEWEST_PODS} to {MOST_PODS}; a pod alone cannot be uneven")
        return uniform(str(pod) for pod in range(pods))
    if asked.pods is not None:
        raise EvenlyError("--pods and --shares are both given", "give --pods for even shares, or --shares for others")
    percent = [_read("--shares", share.strip(), _PERCENTS, "50,30,20") for share in asked.shares.split(",")]
    if not isclose(fsum(percent), 100) or not FEWEST_PODS <= len(percent) <= MOST_PODS:
        raise EvenlyError(
            f"--shares gives {counted(len(percent), 'pod')} {fsum(percent):g} % together",
            f"give {FEWEST_PODS} to {MOST_PODS} pods 100 % together, such as 50,30,20",
        )
    return Law("weighted random", {str(pod): share / 100 for pod, share in enumerate(percent)})


def _takes(found: Forecast, rule: ShareRule, rate_per_s: float | None) -> Iterator[str]:
    def sending(connections: float) -> str:
        return f"{connections:,.0f} connections" + (f" ({duration(connections / rate_per_s)})" if rate_per_s else "")

    shares = tuple(rule.law.shares.values())
    get = f"get {percents(shares[:1])} each" if len(set(shares)) == 1 else f"get their shares, {percents(shares)}"
    yield f"{sending(found.even.mean.value)} in the mean, and"
    yield f"{sending(found.even.p99.value)} in 99 of 100 runs, are enough for PASS when {len(shares)} pods {get}."
    yield f"{sending(found.cap)} are the most: a run that is undecided then is INCONCLUSIVE."
    yield f"{sending(found.fixed.connections)} would be the size of a fixed test, which passes when a pod of"
    yield f"{percents([rule.law.shares[found.pod]])} gets its share of them, give or take {found.fixed.margin:,}."
    yield ""


def _errs(rule: ShareRule, verdicts: int | None) -> Iterator[str]:
    shares_of: dict[float, list[float]] = {}
    for share in sorted(set(rule.law.shares.values()), reverse=True):
        shares_of.setdefault(deviation_to_catch(share, rule.delta), []).append(share)
    caught = " or ".join(f"{_points(deviation)} off {percents(shares)}" for deviation, shares in shares_of.items())
    yield f"False PASS: a pod that is {caught}, or more, passes at most {once_in(rule.beta)} runs."
    yield f"False FAIL: a Service that spreads as declared is failed at most {once_in(rule.alpha)} runs."
    if verdicts:
        year = verdicts * NIGHTS
        alarms, chance = year * rule.alpha, -expm1(year * log1p(-rule.alpha))
        yield (
            f"{counted(verdicts, 'verdict')} a night, {year:,} a year: at most {_figure(alarms)} false alarms a year, "
            f"a chance of {_figure(100 * chance)} %."
        )


def _misses(found: Forecast, rule: ShareRule) -> Iterator[str]:
    share = rule.law.shares[found.pod]
    yield f"A smaller bias may be missed. Runs that pass when one pod of {percents([share])} gets less, or more, than that:"
    yield ""
    yield f"  {'points off':<12}{'less':<18}more"
    for miss in found.misses:
        less, more = (_percent(runs.pass_rate) for runs in (miss.less, miss.more))
        yield f"  {points(miss.bias):<12}{less:<18}{more}"
    yield f"  {points(deviation_to_catch(share, rule.delta)):<12}at most {_figure(100 * rule.beta)} %, whatever the others get"


def _simulated(found: Forecast) -> Iterator[str]:
    even, biased = len(found.even.connections), len(found.misses[0].less.connections)
    mean, p99 = found.even.mean.error, found.even.p99.error
    yield f"Simulated: {even:,} runs without a bias, {biased:,} for each bias and direction. Standard errors: for the mean"
    yield f"{mean:,.0f} connections, for 99 of 100 runs {p99:,.0f}, for the table as it says after ±."
    if found.look_every > LOOK_EVERY:
        sooner = (found.look_every - LOOK_EVERY) / 2
        yield f"To save time they were looked at every {found.look_every:,} connections, not every {LOOK_EVERY}:"
        yield f"a real run decides about {sooner:,.0f} connections sooner."


def _points(deviation: float) -> str:
    return f"{points(deviation)} point{'' if points(deviation) == '1' else 's'}"


def _percent(rate: Estimate) -> str:
    return f"{100 * rate.value:.1f} % ± {100 * rate.error:.1f}"


def _figure(value: float) -> str:
    """Write a number with two digits that count, or all before the point."""
    return f"{value:.2g}" if value < 10 else f"{value:,.0f}"  # noqa: PLR2004 - ten has two
