"""What a test says about itself: a sentence, and the claims of the tutorial that it shows."""

from collections.abc import Iterable

import pytest

MARKER = "claim(*numbers): the claims of the tutorial on Services that the test shows, by number, from 1 to 12"


def sentence(test: pytest.Function) -> str:
    """Return what a test claims: its docstring's first line, else its name read as a sentence."""
    docstring = (test.function.__doc__ or "").strip()
    said = docstring.split("\n")[0] or test.originalname.removeprefix("test_").replace("_", " ") + "."
    return said[0].upper() + said[1:]


def claims(test: pytest.Item) -> tuple[int, ...]:
    """Return the numbers of the claims that a test is marked with, also by its class or module, in order."""
    return tuple(sorted({number for mark in test.iter_markers("claim") for number in mark.args}))


def check(tests: Iterable[pytest.Item]) -> None:
    """Raise pytest.UsageError, which names the test, where a marker names no claim or one that there is not."""
    for test in tests:
        for mark in test.iter_markers("claim"):
            if not mark.args or mark.kwargs or not all(type(number) is int and _is_claim(number) for number in mark.args):
                given = ", ".join([*map(repr, mark.args), *(f"{name}={value!r}" for name, value in mark.kwargs.items())])
                raise pytest.UsageError(
                    f"{test.nodeid} is marked claim({given})\n"
                    "  What to do: give the numbers of the claims that it shows, from 1 to 12, such as claim(5, 10)"
                )


def _is_claim(number: int) -> bool:
    from evenly.report.page.claims import CLAIMS  # noqa: PLC0415 - only tests that name claims are to wait for the report's imports

    return any(claim.number == number for claim in CLAIMS)
