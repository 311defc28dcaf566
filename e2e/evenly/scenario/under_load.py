"""A load that runs while a scenario changes what is behind the Service."""

import time

from evenly import limits
from evenly.errors import EvenlyError
from evenly.judge.verdict import Cause
from evenly.k8s.pods import Pod
from evenly.k8s.wait import until
from evenly.load.client.process import LocustProcess
from evenly.load.plan import LoadPlan, Stopped, Summary
from evenly.results.schema import EpochRecord
from evenly.scenario.epochs import Change, split_into_epochs
from evenly.scenario.outcome import Outcome
from evenly.scenario.target import Target

RATE_PER_S = 800.0
"""Some 3 s an epoch: a fair Service of three pods takes about 2,300 connections to be told even."""

LIMIT_S = 45.0
"""A scenario's changes and what is sent in between; a load that is still on then ends."""

CLIENTS = 200
"""At that rate, so many wait 0.25 s together: where connections hang for longer, attempts start late, and are timed from
when they were meant to start."""

LOOK_EVERY_S = 0.25


class UnderLoad:
    """A load at a constant rate while the test acts; with the end of its ``with`` block it is judged and recorded."""

    def __init__(self, locust: LocustProcess, plan: LoadPlan, target: Target) -> None:
        self._locust = locust
        self._plan = plan
        self._target = target
        self._pauses_ns: list[int] = []  # when the test went on, after it had waited for a verdict
        locust.release(plan)
        released_ns = time.monotonic_ns()
        self._made = [Change("", released_ns, released_ns, target.settled.expected)]
        self._outcome: Outcome | None = None
        until(lambda: bool(locust.rows), limit_s=limits.LOAD_BEGINS_S, every_s=LOOK_EVERY_S)

    @property
    def changes(self) -> tuple[Change, ...]:
        """The changes so far, those of the test's and those that were seen; the first one is the beginning."""
        return self._target.changes_seen(self._made, self._pauses_ns)

    @property
    def others_changed_pods(self) -> bool:
        """Whether changes were seen that the test has not made."""
        return len(self.changes) > len(self._made)

    def until_even(self) -> None:
        """Wait until the connections since the last change have decided, or for ``limits.EVEN_S``; the end tells which."""
        until(self.has_decided, limit_s=limits.EVEN_S, every_s=LOOK_EVERY_S)
        self._pauses_ns.append(time.monotonic_ns())

    def until_sent(self, more: int) -> None:
        """Wait until so many more attempts have ended, or for ``limits.EVEN_S``."""
        enough = len(self._locust.rows) + more
        until(lambda: len(self._locust.rows) >= enough, limit_s=limits.EVEN_S, every_s=LOOK_EVERY_S)

    def until_lost(self, more: int) -> None:
        """Wait until so many more attempts have ended without an answer, or for ``limits.EVEN_S``."""

        def lost() -> int:
            return sum(row.error is not None for row in self._locust.rows)

        enough = lost() + more
        until(lambda: lost() >= enough, limit_s=limits.EVEN_S, every_s=LOOK_EVERY_S)

    def changed(self, change: Change) -> None:
        """Take note of a change that was made."""
        self._made.append(change)

    def end(self) -> Summary:
        """End the load in good order; raises EvenlyError where it had ended before the scenario did."""
        self._locust.stop()
        summary = self._locust.wait()
        if summary.stopped is not Stopped.INTERRUPTED:
            raise EvenlyError(
                f"the load ended ({summary.stopped}) after {summary.seconds:.0f} s, before the scenario was over",
                "give it longer: under_load(limit_s=...)",
            )
        return summary

    def recorded(self, outcome: Outcome) -> None:
        """Take the outcome."""
        self._outcome = outcome

    @property
    def outcome(self) -> Outcome:
        """The whole load, judged and recorded; there is one once its block has ended."""
        if self._outcome is None:
            raise EvenlyError("the load is still running", "read its outcome after the with block")
        return self._outcome

    @property
    def lost(self) -> int:
        """How many attempts had no answer."""
        return self.outcome.record.lost

    @property
    def unread(self) -> int:
        """How many answers stand in no log because that had gone before it could be read."""
        return sum(self.outcome.record.unread.values())

    def answered(self, pod: Pod) -> int:
        """How many attempts a pod answered."""
        return self.outcome.record.reconciliation.answered.get(pod.uid, 0)

    @property
    def epochs(self) -> tuple[EpochRecord, ...]:
        """What became of each set of pods, first that of the beginning."""
        return self.outcome.record.epochs

    def has_decided(self) -> bool:
        """Tell whether the connections since the last change say even or uneven by now."""
        rows = self._target.resolved(self._locust.rows)
        if not rows:
            return False
        choices = [row for row in rows if row.error or row.request == 1]
        # as it is judged in the end: a sample that began elsewhere could have decided where this one has not
        parts = split_into_epochs(choices, self._locust.t0_ns, self.changes, self._plan)
        return parts[-1].cause is not Cause.UNDECIDED
