"""How long it takes from a Service that is ready to its verdict, and what another suite's rule needs at its quickest."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.places import Place, Target
from bench.runs import pods_of
from calibration.others import gateway_requests
from evenly.errors import EvenlyError
from evenly.judge import ShareRule, Trial, decide, uniform
from evenly.load.client.process import LocustProcess
from evenly.load.plan import LoadPlan

ROUNDS = 7


@dataclass(frozen=True, slots=True)
class Decided:
    """A load until its verdict, with the end of its program; it began when the Service and Locust were ready."""

    seconds: float
    connections: int


@dataclass(frozen=True, slots=True)
class Verdicts:
    """evenly's, each of a load of its own, beside the requests that Gateway API's rule sends to as many even pods."""

    place: str
    ours: Sequence[Decided]
    gateway_requests: float


def measure(place: Place) -> Verdicts:
    """Take several verdicts in one place; raises EvenlyError where one pod answers, or a verdict is no PASS."""
    ours, pods = [], 0
    for _ in range(ROUNDS):
        with place.open() as target:
            decided, pods = _decided(target)
            ours.append(decided)
    return Verdicts(place.name, ours, gateway_requests(pods))


def _decided(target: Target) -> tuple[Decided, int]:
    with TemporaryDirectory(prefix="bench") as folder, LocustProcess(str(target), Path(folder, "load")) as locust:
        pods = pods_of(target, Path(folder, "greet"))  # Locust starts meanwhile, as it does while pods start
        if len(pods) == 1:
            raise EvenlyError(f"one pod answers at {target}, so there is nothing to spread", "have two or more behind it")
        rule = ShareRule(uniform(pods))
        plan = LoadPlan.of("verdict", rule)
        began_s = time.monotonic()
        locust.release(plan)
        summary = locust.wait()
        answers = [None if row.error else row.uid for row in locust.rows]
        verdict = decide(Trial(rule, plan.cap, answers, prelude=summary.prelude)).verdict
        seconds = time.monotonic() - began_s
        if verdict.cause:
            raise EvenlyError(f"{target} is not even ({verdict.cause})", "compare verdicts on a Service that is")
        return Decided(seconds, verdict.connections), len(pods)
