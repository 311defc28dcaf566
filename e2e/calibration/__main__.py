"""Measures everything and writes it into reports/calibration: `python -m calibration`."""

import json
import sys
from dataclasses import asdict
from functools import partial
from itertools import count
from pathlib import Path
from typing import TypeVar

from calibration.curve import BIASES_PP, CASES, point, replay_at, replay_case, shares_at
from calibration.picture import picture
from calibration.rates import part, rates
from calibration.table import Calibration, markdown
from calibration.work import RUNS, SEED, Simulation, in_parts, processes
from evenly.errors import EvenlyError
from evenly.files import write_whole, writing
from evenly.progress import Progress

PODS = (2, 3, 5, 10, 20, 50)
_INTERRUPTED = 130

T = TypeVar("T")


def main(folder: Path) -> None:
    """Measure everything, and write table.md, table.json and curve.svg."""
    progress, numbers, steps = Progress(), count(1), len(PODS) + len(BIASES_PP) + len(CASES)
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    with processes() as executor:

        def measured(name: str, simulation: Simulation[T]) -> list[T]:
            number = next(numbers)
            with progress.step(name, number, steps):
                return in_parts(executor, simulation, number)

        calibration = Calibration(
            rates=[rates(pods, measured(f"wrong verdicts for {pods} pods", partial(part, pods))) for pods in PODS],
            curve=[
                (bias, point(shares_at(bias), measured(f"a pod {bias} points off, by every rule", partial(replay_at, bias))))
                for bias in BIASES_PP
            ],
            cases=[
                point(case.true_shares, measured(f"{case.by}: {case.name}", partial(replay_case, number)))
                for number, case in enumerate(CASES)
            ],
        )
    write_whole(folder / "table.md", markdown(calibration))
    write_whole(folder / "table.json", json.dumps({"seed": SEED, "runs": RUNS, **asdict(calibration)}, indent=2) + "\n")
    write_whole(folder / "curve.svg", picture(calibration.curve))
    progress.say(f"Table and picture: {folder}/table.md, {folder}/curve.svg")


if __name__ == "__main__":
    try:
        main(Path("reports/calibration"))
    except EvenlyError as error:
        sys.exit(f"evenly: {error}")
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)
