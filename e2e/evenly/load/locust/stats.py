"""Locust's statistics, per pod: counted on the side and handed over once a second, instead of one event per request."""

import time
from collections import Counter, defaultdict
from typing import Any, cast

from locust.stats import RequestStats, StatsEntry

from evenly.load.answer import ErrorKind, Exchange

METHOD = "GET"
UNANSWERED = "(no answer)"

_TICK_US = 100  # Locust rounds to 1 ms, which is longer than most answers take


class PodStats:
    """Keeps what each pod took until it is handed to Locust: response times from start to last byte, and errors by kind."""

    def __init__(self) -> None:
        self._taken_us: dict[tuple[str, ErrorKind | None], list[int]] = defaultdict(list)

    def count(self, exchange: Exchange) -> None:
        """Count one attempt under the name of the pod that answered it."""
        name = exchange.answer.pod if exchange.answer else UNANSWERED
        self._taken_us[name, exchange.error].append((exchange.end_ns - exchange.start_ns) // 1000)

    def hand_over(self, stats: RequestStats) -> None:
        """Add what was counted since the last time to Locust's own statistics."""
        counted, self._taken_us = self._taken_us, defaultdict(list)
        for (name, error), taken_us in counted.items():
            entry = _entry(stats, name, taken_us)
            stats.entries[name, METHOD].extend(entry)
            stats.total.extend(entry)
            if error:
                for _ in taken_us:
                    stats.log_error(METHOD, name, error)


def _entry(stats: RequestStats, name: str, taken_us: list[int]) -> StatsEntry:
    now = time.time()
    entry: Any = StatsEntry(stats, name, METHOD)  # declared for whole milliseconds, and good for fractions all the same
    entry.num_requests = len(taken_us)
    entry.total_response_time = sum(taken_us) / 1000
    entry.min_response_time = min(taken_us) / 1000
    entry.max_response_time = max(taken_us) / 1000
    entry.response_times = {ticks * _TICK_US / 1000: n for ticks, n in Counter(t // _TICK_US for t in taken_us).items()}
    entry.num_reqs_per_sec = {int(now): len(taken_us)}
    entry.last_request_timestamp = now
    return cast("StatsEntry", entry)
