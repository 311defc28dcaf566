"""Numbers as people read them."""

# ruff: noqa: PLR2004 - the numbers are where people change from one way of writing to the next: seconds to minutes, one digit to two

import math
from collections.abc import Sequence
from datetime import UTC, datetime

_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_ORDINALS = ("", "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
_PARTS = {2: "half", 3: "third", 4: "quarter"} | {n: _ORDINALS[n] for n in range(5, 11)}
_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def number(n: int) -> str:
    """Spell a small number out: "three"; from thirteen on digits."""
    return _NUMBERS[n] if n < len(_NUMBERS) else f"{n:,}"


def ordinal(n: int) -> str:
    """Spell a place in a row out: "fourth"; beyond the tenth just "further"."""
    return _ORDINALS[n] if 0 < n < len(_ORDINALS) else "further"


def counted(n: int, noun: str) -> str:
    """Count things in digits: "1 pod", "2,300 connections"."""
    return f"{n:,} {_noun(n, noun)}"


def spelled(n: int, noun: str) -> str:
    """Count things in words: "one pod", "three pods"."""
    return f"{number(n)} {_noun(n, noun)}"


def _noun(n: int, noun: str) -> str:
    return noun if n == 1 else f"{noun}es" if noun.endswith("s") else f"{noun}s"


def part(shares: Sequence[float]) -> str:
    """Name the share that each gets: "third" where all get one of three; else "declared share"."""
    uniform = max(shares) - min(shares) < 1e-9
    return _PARTS.get(len(shares), "share") if uniform else "declared share"


def an(noun: str) -> str:
    """Put the article before one of the words of ``part``."""
    return f"an {noun}" if noun[0] == "e" else f"a {noun}"


def percents(shares: Sequence[float]) -> str:
    """List shares in percent: "34.3, 33.3 and 32.4 %"."""
    figures = [f"{100 * share:.1f}" for share in shares]
    return f"{listed(figures)} %"


def listed(words: Sequence[str]) -> str:
    """List words: "a, b and c"."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def points(share: float) -> str:
    """Give a difference of shares in percentage points, as short as it is exact to a hundredth: "5", "2.1", "0.25"."""
    return f"{round(100 * share, 2):g}"


def ratio(logarithm: float) -> str:
    """Write exp(logarithm): "1,859", "2.4", "0.001", and powers of ten where that would be long: "10⁴⁷"."""
    if abs(logarithm) >= 7 * math.log(10):
        return power(logarithm)
    value = math.exp(logarithm)
    return (
        f"{value:,.0f}"
        if value >= 10
        else f"{value:.1f}"
        if value >= 1
        else f"{value:.1g}"
        if value >= 1e-4
        else power(logarithm)
    )


def power(logarithm: float) -> str:
    """Write exp(logarithm) as the nearest power of ten."""
    if math.isinf(logarithm):
        return "∞" if logarithm > 0 else "0"
    return f"10{str(round(logarithm / math.log(10))).translate(_SUPERSCRIPT)}"


def once_in(probability: float) -> str:
    """Say how rare something is: "once in 1,000"."""
    return f"once in {round(1 / probability):,}"


def milliseconds(us: float) -> str:
    """Write a latency in milliseconds with two digits that count: "0.62", "4.2", "137"."""
    ms = us / 1000
    return f"{ms:.2f}" if ms < 10 else f"{ms:.1f}" if ms < 100 else f"{ms:,.0f}"


def duration(seconds: float) -> str:
    """Write how long something took: "0.94 s", "42 s", "1 min 31 s", "2 h 5 min"."""
    if round(seconds, 2) < 10:
        return f"{seconds:.2f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours:,} h {minutes} min" if minutes else f"{hours:,} h"


def moment(iso: str) -> str:
    """Write a date with its time: "24 Nov 2026, 02:14 UTC"; what is no date comes back as it is."""
    try:
        when = datetime.fromisoformat(iso)
    except ValueError:
        return iso
    when = when.astimezone(UTC) if when.tzinfo else when
    return f"{when.day} {_MONTHS[when.month - 1]} {when.year}, {when:%H:%M} UTC"


def apart(earlier: str, later: str) -> str:
    """Say how long before ``later`` something was, both ISO 8601: "3 min"; "" when either is no date or the order is other."""
    try:
        seconds = (datetime.fromisoformat(later) - datetime.fromisoformat(earlier)).total_seconds()
    except (TypeError, ValueError):
        return ""
    return duration(round(seconds)) if seconds >= 10 else f"{seconds:.0f} s" if seconds >= 0 else ""
