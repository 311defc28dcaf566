"""The tools in turn, several times over, so that what the machine does meanwhile befalls all of them."""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

T = TypeVar("T")


def in_turn(measures: Mapping[str, Callable[[], T]], rounds: int) -> dict[str, Sequence[T]]:
    """Take each measure once a round, forwards and backwards in turn, and return the results by name, round by round."""
    results: dict[str, list[T]] = {name: [] for name in measures}
    for number in range(rounds):
        for name in list(measures)[:: -1 if number % 2 else 1]:
            results[name].append(measures[name]())
    return dict(results)
