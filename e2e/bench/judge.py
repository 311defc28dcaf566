"""What the judge costs: one look of a sample, and the import of the package."""

import json
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from evenly.judge import LOOK_EVERY, Sample, ShareRule, uniform
from evenly.load.plan import PRELUDE
from evenly.process import run

GOALS_US = {3: 50, 100: 300}
"""What one look may cost, by number of pods."""

IMPORT_GOAL_MS = 50
IMPORTS = 10
IMPORT_LIMIT_S = 10.0
HEAVY = ("numpy", "scipy", "gevent")
LOOKS = 200
UNDECIDED = 1e-300
IMPORT = f"""
import json, sys, time
began = time.perf_counter()
import evenly.judge
took = time.perf_counter() - began
print(json.dumps([1000 * took, [name for name in {HEAVY!r} if name in sys.modules]]))
"""


@dataclass(frozen=True, slots=True)
class LookCost:
    """The median of what a look takes, beside the goal."""

    pods: int
    us: float
    goal_us: int


@dataclass(frozen=True, slots=True)
class Cost:
    """What looks and the import take; ``heavy`` names the large packages that were imported along."""

    looks: Sequence[LookCost]
    import_ms: float
    heavy: Sequence[str]


def measure() -> Cost:
    """Measure everything; about 2 s."""
    imports = [json.loads(run(sys.executable, "-c", IMPORT, timeout_s=IMPORT_LIMIT_S)) for _ in range(IMPORTS)]
    return Cost(
        [LookCost(pods, look_us(pods), goal_us) for pods, goal_us in GOALS_US.items()],
        median(took_ms for took_ms, _ in imports),
        imports[0][1],
    )


def look_us(pods: int) -> float:
    """Return how much longer the attempt that makes a look possible takes than one that does not: the median of all looks.

    The attempts answer in turn, after a prelude that was made one after the other, as in a run: its order is looked at, too.
    """
    names = [f"uid-{number}" for number in range(pods)]
    rule = ShareRule(uniform(names), alpha=UNDECIDED, beta=UNDECIDED)
    sample = Sample(rule, LOOKS * LOOK_EVERY, prelude=PRELUDE)
    counted: list[float] = []
    looked: list[float] = []
    for number in range(1, LOOKS * LOOK_EVERY + 1):
        pod = names[number % pods]
        began = time.perf_counter_ns()
        looks = sample.ended(number, pod)
        (looked if looks else counted).append((time.perf_counter_ns() - began) / 1000)
    return median(looked) - median(counted)
