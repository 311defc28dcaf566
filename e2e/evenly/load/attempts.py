"""The attempts of one load: handed out by number, taken back in any order, and stopped as soon as they have decided."""

import resource
import time
from collections.abc import Callable, Iterable
from typing import NamedTuple

from evenly.judge.sample import Sample
from evenly.judge.share_rule import ShareRule
from evenly.judge.verdict import Word
from evenly.load.answer import Exchange
from evenly.load.pace import Pace
from evenly.load.plan import HOLD_RATE_PER_S, LoadPlan, Stopped, Summary
from evenly.load.rows import RowWriter

STALL_S = 1.0
"""A lost SYN is sent again after 1 s: nothing else on one machine takes that long."""

LONGEST_AFTER_FAIL_S = 5.0
"""The attempts after a FAIL only serve the picture: a Service that hangs is not waited for longer than this."""


class Attempt(NamedTuple):
    """An attempt to make: its number, the address that it comes from ("" for any), and when it is to start (0: now)."""

    number: int
    source: str = ""
    at_ns: int = 0


class Attempts:
    """Gives each attempt its number, the judge each new choice of pod, and ends the load when it has decided or at the cap.

    A connection's first answer is a choice of pod, and so is an attempt without an answer; later answers on it are kept as
    rows only. The cap is on attempts that open a connection, or may.

    After PASS no further attempt is handed out but for ``plan.hold_s`` seconds: FAIL may still come then.
    After FAIL the load goes on to ``plan.least_after_fail`` attempts, within the cap and ``LONGEST_AFTER_FAIL_S``.
    ``when_open`` is called once the prelude is over: until then the caller makes one attempt at a time. ``when_done`` is called
    once nothing more is handed out and everything has come back. ``in_flight`` are those of ``handed_out`` that have not.
    """

    def __init__(
        self,
        plan: LoadPlan,
        rows: RowWriter,
        when_done: Callable[[], None],
        when_open: Callable[[], None],
    ) -> None:
        self.run_id = plan.run_id
        self.host = plan.host
        self.dialect = plan.dialect
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
        self._passed_ns: int | None = None
        self._pace: Pace | None = None
        self._before_pace = 0
        self.handed_out = 0
        self._opening = 0
        self._choices = 0
        self.in_flight = 0
        self._stalls = 0
        self._ended_ns = 0
        self._cpu_before_s = 0.0
        self._cpu_after_s: float | None = None

    def take(self, *, opens: bool = True) -> Attempt | None:
        """Return the next attempt; None when there is none left.

        Unless ``opens``, it goes over a connection whose last attempt ended with ``more``: at the cap, such a connection still
        carries all it was to.
        """
        if opens and self._opening >= self._last:
            self.stop(self._last_because)
        self.in_flight -= not opens
        if self.stopped and (opens or self.stopped is not Stopped.CAP):
            self._done_if_nothing_is_left()
            return None
        self._opening += opens
        if self.handed_out == 0:
            self._cpu_before_s = _cpu_s()
            if self._plan.rate_per_s:
                self._pace = Pace(time.monotonic_ns(), self._plan.rate_per_s)
        self.handed_out += 1
        self.in_flight += 1
        at_ns = self._pace.intended_ns(self.handed_out - self._before_pace) if self._pace else 0
        return Attempt(self.handed_out, self._plan.source(self.handed_out), at_ns)

    def ended(self, number: int, exchange: Exchange, *, more: bool = False) -> None:
        """Take back an attempt that has ended; with ``more`` its connection is to carry another, which is awaited, too."""
        self.in_flight -= not more
        self._ended_ns = max(self._ended_ns, exchange.end_ns)
        self._stalls += exchange.end_ns - exchange.start_ns >= STALL_S * 1e9
        for written, what in self._rows.ended(number, exchange):
            if what.answer is None or what.answer.request == 1:
                self._chosen(what.answer.uid if what.answer else None, self._plan.source(written), exchange.end_ns)
        if self._in_prelude and self._prelude_is_over(exchange.end_ns):
            self._open(self._choices)
        if self._failed_ns is not None and exchange.end_ns - self._failed_ns > LONGEST_AFTER_FAIL_S * 1e9:
            self.stop(Stopped.DECIDED)
        self._done_if_nothing_is_left()

    def _chosen(self, uid: str | None, client: str, now_ns: int) -> None:
        self._choices += 1
        if self._plan.to_the_end:
            return
        if self._failed_ns is None and (self._sample.ended(self._choices, uid, client) or uid not in self._expected):
            self._decide(now_ns)

    def stop(self, why: Stopped) -> None:
        """Hand out no more; the first reason counts."""
        self.stopped = self.stopped or why
        if self._in_prelude:
            self._open(self._choices)
        self._done_if_nothing_is_left()

    def summary(self, locust_version: str, workers_cpu_s: Iterable[float] = ()) -> Summary:
        """Sum up a load that is done; ``workers_cpu_s`` is what processes beside this one used of the CPU for it."""
        return Summary(
            attempts=self.handed_out,
            prelude=self._sample.prelude,
            seconds=(self._ended_ns - self._rows.origin_ns) / 1e9,
            client_cpu_s=(self._cpu_after_s or _cpu_s()) - self._cpu_before_s + sum(workers_cpu_s),
            stalls=self._stalls,
            stopped=self.stopped or Stopped.INTERRUPTED,
            locust_version=locust_version,
            t0_ns=self._rows.origin_ns,
            held_s=(self._ended_ns - self._passed_ns) / 1e9 if self._passed_ns and self._plan.hold_s else 0.0,
        )

    def _prelude_is_over(self, now_ns: int) -> bool:
        return self._choices >= self._plan.prelude or now_ns - self._rows.origin_ns > self._plan.prelude_limit_s * 1e9

    def _open(self, prelude: int) -> None:
        self._in_prelude = False
        self._sample.prelude = prelude
        self._when_open()

    def _decide(self, now_ns: int) -> None:
        word = self._sample.verdict and self._sample.verdict.word
        if word is Word.PASS and self._passed_ns is None:
            self._passed_ns = now_ns
            self._last, self._last_because = self._opening + self._plan.held, Stopped.DECIDED
            if not self._plan.hold_s:
                self.stop(Stopped.DECIDED)
            elif not self._pace:
                self._pace, self._before_pace = Pace(now_ns, HOLD_RATE_PER_S), self.handed_out
        elif word is Word.FAIL:
            self._failed_ns = now_ns
            self._last = min(self._plan.cap, self._plan.least_after_fail)
            self._last_because = Stopped.DECIDED

    def _done_if_nothing_is_left(self) -> None:
        if self.stopped and not self.in_flight:
            self._cpu_after_s = self._cpu_after_s or _cpu_s()
            self._when_done()


def _cpu_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime
