"""Numbers are written as people read them."""

import math

import pytest

from evenly.report.text import numbers


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0.94, "0.94 s"),
        (9.994, "9.99 s"),
        (9.999, "10 s"),
        (42.4, "42 s"),
        (59.6, "1 min"),
        (91, "1 min 31 s"),
        (7500, "2 h 5 min"),
        (3600, "1 h"),
    ],
)
def test_durations(seconds: float, shown: str) -> None:
    assert numbers.duration(seconds) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (1859.4, "1,859"),
        (1e6, "1,000,000"),
        (13.2, "13"),
        (2.44, "2.4"),
        (0.63, "0.6"),
        (0.00123, "0.001"),
        (0.0009, "0.0009"),
        (4e-5, "10⁻⁴"),
        (3e46, "10⁴⁶"),
    ],
)
def test_ratios(value: float, shown: str) -> None:
    assert numbers.ratio(math.log(value)) == shown


@pytest.mark.parametrize(("logarithm", "shown"), [(-math.inf, "0"), (math.inf, "∞"), (-800.0, "10⁻³⁴⁷")])
def test_ratios_that_no_float_holds(logarithm: float, shown: str) -> None:
    assert numbers.ratio(logarithm) == shown


@pytest.mark.parametrize(("us", "shown"), [(620, "0.62"), (4190, "4.19"), (42_000, "42.0"), (1_370_000, "1,370")])
def test_latencies(us: int, shown: str) -> None:
    assert numbers.milliseconds(us) == shown


@pytest.mark.parametrize(
    ("shares", "shown"),
    [
        ([1.0], "share"),
        ([0.5] * 2, "half"),
        ([1 / 3] * 3, "third"),
        ([0.2] * 5, "fifth"),
        ([0.01] * 100, "share"),
        ([0.9, 0.1], "declared share"),
    ],
)
def test_parts(shares: list[float], shown: str) -> None:
    assert numbers.part(shares) == shown


def test_counting() -> None:
    assert numbers.counted(1, "pod") == "1 pod"
    assert numbers.counted(2300, "connection") == "2,300 connections"
    assert numbers.spelled(3, "pod") == "three pods"
    assert numbers.spelled(2, "client address") == "two client addresses"
    assert numbers.number(13) == "13"
    assert (numbers.ordinal(4), numbers.ordinal(11)) == ("fourth", "further")
    assert (numbers.an("eighth"), numbers.an("third")) == ("an eighth", "a third")
    assert numbers.percents([0.343, 0.333, 0.324]) == "34.3, 33.3 and 32.4 %"
    assert (numbers.points(0.05), numbers.points(0.005), numbers.points(0.0213)) == ("5", "0.5", "2.13")
    assert numbers.once_in(1e-3) == "once in 1,000"


def test_dates() -> None:
    assert numbers.moment("2026-11-24T02:14:09+00:00") == "24 Nov 2026, 02:14 UTC"
    assert numbers.moment("2026-11-24T02:14:09+05:30") == "23 Nov 2026, 20:44 UTC"
    assert numbers.moment("last Tuesday") == "last Tuesday"
    assert numbers.apart("2026-11-24T02:11:09Z", "2026-11-24T02:14:09+00:00") == "3 min"
    assert numbers.apart("2026-11-24T02:14:10Z", "2026-11-24T02:14:09Z") == ""
    assert numbers.apart("", "2026-11-24T02:14:09Z") == ""
