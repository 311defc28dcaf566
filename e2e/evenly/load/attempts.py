"""The attempts of one load: handed out by number, taken back in any order, and stopped as soon as they have decided."""

import resource
from collections.abc import Callable

from evenly.judge.sample import Sample
from evenly.judge.share import ShareRule
from evenly.judge.verdict import Word
from evenly.load.answer import Exchange
from evenly.load.plan import PRELUDE_LIMIT_S, LoadPlan, Stopped, Summary
from evenly.load.rows import RowWriter

STALL_S = 1.0
"""A lost SYN is sent again after 1 s: nothing else on one machine takes that long."""

LONGEST_AFTER_FAIL_S = 5.0
"""The attempts after a FAIL only serve the picture: a Service that hangs is not waited for longer than this."""


class Attempts:
    """Gives each attempt its number, the judge each result, and ends the load when the judge has decided or at the cap.

    After PASS no further attempt is handed out. After FAIL the load goes on to ``plan.least_after_fail`` attempts, within the
    cap and ``LONGEST_AFTER_FAIL_S``. ``when_open`` is called once the prelude is over: until then the caller
    makes one attempt at a time. ``when_done`` is called once nothing more is handed out and everything has come back.
    """

    def __init__(self, plan: LoadPlan, rows: RowWriter, when_done: Callable[[], None], when_open: Callable[[], None]) -> None:
        self.run_id = plan.run_id
        self.stopped: Stopped | None = None
        self._plan = plan
        self._rows = rows
        self._when_done = when_done
        self._when_open = when_open
        self._in_prelude = True
        self._sample = Sample(
            ShareRule(plan.law, plan.alpha, plan.beta, plan.delta),
            plan.cap,
            look_every=plan.look_every,
            errors_allowed=plan.errors_allowed,
            prelude=plan.prelude,
        )
        if not plan.prelude:
            self._open(0)
        self._expected = plan.law.answering.keys()
        self._last = plan.cap
        self._last_because = Stopped.CAP
        self._failed_ns: int | None = None
        self._handed_out = 0
        self._in_flight = 0
        self._stalls = 0
        self._ended_ns = 0
        self._cpu_before_s = 0.0

    def take(self) -> int | None:
        """Return the number of the attempt to start now; None when there is none left."""
        if self._handed_out >= self._last:
            self.stop(self._last_because)
        if self.stopped:
            return None
        if self._handed_out == 0:
            self._cpu_before_s = _cpu_s()
        self._handed_out += 1
        self._in_flight += 1
        return self._handed_out

    def ended(self, number: int, exchange: Exchange) -> None:
        """Take back an attempt that has ended."""
        self._in_flight -= 1
        self._ended_ns = max(self._ended_ns, exchange.end_ns)
        self._stalls += exchange.end_ns - exchange.start_ns >= STALL_S * 1e9
        self._rows.ended(number, exchange)
        if self._in_prelude and self._prelude_is_over(number, exchange.end_ns):
            self._open(number)
        if self._failed_ns is None:
            uid = exchange.answer.uid if exchange.answer else None
            if self._sample.ended(number, uid) or uid not in self._expected:
                self._decide(exchange.end_ns)
        elif exchange.end_ns - self._failed_ns > LONGEST_AFTER_FAIL_S * 1e9:
            self.stop(Stopped.DECIDED)
        self._done_if_nothing_is_left()

    def stop(self, why: Stopped) -> None:
        """Hand out no more; the first reason counts."""
        self.stopped = self.stopped or why
        if self._in_prelude:
            self._open(self._handed_out)
        self._done_if_nothing_is_left()

    def summary(self, locust_version: str) -> Summary:
        """Sum up a load that is done."""
        return Summary(
            attempts=self._handed_out,
            prelude=self._sample.prelude,
            seconds=(self._ended_ns - self._rows.origin_ns) / 1e9,
            client_cpu_s=_cpu_s() - self._cpu_before_s,
            stalls=self._stalls,
            stopped=self.stopped or Stopped.INTERRUPTED,
            locust_version=locust_version,
            t0_ns=self._rows.origin_ns,
        )

    def _prelude_is_over(self, number: int, now_ns: int) -> bool:
        return number >= self._plan.prelude or now_ns - self._rows.origin_ns > PRELUDE_LIMIT_S * 1e9

    def _open(self, prelude: int) -> None:
        self._in_prelude = False
        self._sample.prelude = prelude
        self._when_open()

    def _decide(self, now_ns: int) -> None:
        word = self._sample.verdict and self._sample.verdict.word
        if word is Word.PASS:
            self.stop(Stopped.DECIDED)
        elif word is Word.FAIL:
            self._failed_ns = now_ns
            self._last = min(self._plan.cap, self._plan.least_after_fail)
            self._last_because = Stopped.DECIDED

    def _done_if_nothing_is_left(self) -> None:
        if self.stopped and not self._in_flight:
            self._when_done()


def _cpu_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime
