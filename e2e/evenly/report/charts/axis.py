"""Axes: where a value lies, in percent of a picture's width, and which ticks a person expects."""

import math
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tick:
    """A labelled place on an axis, in percent of its width."""

    at: float
    label: str


@dataclass(frozen=True, slots=True)
class Scale:
    """An axis from ``low`` to ``high``, linear or logarithmic, with a margin on both sides (percent of the width)."""

    low: float
    high: float
    margin: float = 0.0
    logarithmic: bool = False

    def at(self, value: float) -> float:
        """Place a value, in percent of the width, to a tenth; beyond the ends it lies outside 0 to 100."""
        low, high, value = (math.log(v) if self.logarithmic else v for v in (self.low, self.high, value))
        return round(self.margin + (100 - 2 * self.margin) * (value - low) / (high - low), 1)

    def width(self, low: float, high: float) -> float:
        """Return the distance of two values, in percent of the width."""
        return round(self.at(high) - self.at(low), 1)


def linear_steps(low: float, high: float, most: int) -> list[float]:
    """Round values from low to high, at most ``most``, a step of 1, 2 or 5 times a power of ten apart."""
    rough = (high - low) / most
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(m * power for m in (1, 2, 5, 10) if m * power >= rough * (1 - 1e-9))
    first = math.ceil(low / step - 1e-9)
    return [round(i * step, 10) for i in range(first, math.floor(high / step + 1e-9) + 1)]


def logarithmic_steps(low: float, high: float) -> list[float]:
    """1, 2 and 5 times each power of ten, from the last at or below ``low`` to the first at or above ``high``."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    steps = [round(m * 10.0**e, 10) for e in range(first, last + 1) for m in (1, 2, 5)]
    start = max(i for i, step in enumerate(steps) if step <= low * (1 + 1e-9))
    end = next(i for i, step in enumerate(steps) if step >= high * (1 - 1e-9))
    return steps[start : max(end, start + 1) + 1]


def thinned(ticks: Iterable[Tick], apart: float) -> tuple[Tick, ...]:
    """Leave ticks out so that those that stay are at least ``apart`` percent from the next."""
    kept: list[Tick] = []
    for tick in ticks:
        if not kept or tick.at - kept[-1].at >= apart:
            kept.append(tick)
    return tuple(kept)
