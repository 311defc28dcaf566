"""A load during which the pods changed: taken apart at the changes, judged part by part, and recorded as one."""

import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import TypeVar

from evenly.judge.decide import Judgement, Trial, decide
from evenly.judge.epochs import Epoch, LawChange, epochs
from evenly.judge.law import Law, uniform
from evenly.judge.plan import cap
from evenly.judge.share_rule import ShareRule
from evenly.judge.verdict import Cause, Verdict
from evenly.k8s.endpoints import Reading
from evenly.k8s.pods import Pod
from evenly.load.plan import LoadPlan
from evenly.load.rows import Row
from evenly.results.schema import EpochRecord, ScenarioRecord
from evenly.scenario.record import NS_PER_S, Observed, scenario_record

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Change:
    """A change that was made: what, from when to when on the monotonic clock, and the pods that are to answer since.

    ``passing`` are others that may answer meanwhile.
    """

    name: str
    asked_ns: int
    done_ns: int
    pods: tuple[Pod, ...]
    passing: tuple[Pod, ...] = ()


@dataclass(frozen=True, slots=True)
class Part:
    """One epoch of a load, and what its sample says by itself. ``choices`` and ``at_us`` are of transition and sample."""

    made: Change
    epoch: Epoch
    rule: ShareRule
    choices: tuple[Row, ...]
    at_us: tuple[int, ...]
    judgement: Judgement

    @property
    def cause(self) -> Cause | None:
        """What speaks against PASS."""
        return self.judgement.verdict.cause

    @property
    def sample(self) -> tuple[Row, ...]:
        """The attempts that are judged."""
        return self.choices[len(self.epoch.transition) :]

    @property
    def settled_at_us(self) -> int | None:
        """When the first attempt of the sample was made; None without a sample."""
        return self.at_us[len(self.epoch.transition)] if self.epoch.sample else None

    @property
    def even_at_us(self) -> int | None:
        """When the attempt was made with which the rule said even, if it did."""
        needed = len(self.epoch.transition) + self.judgement.verdict.connections
        return self.at_us[needed - 1] if self.cause is None else None


def split_into_epochs(
    choices: Sequence[Row], origin_ns: int, made: Sequence[Change], plan: LoadPlan, readings: Sequence[Reading] = ()
) -> tuple[Part, ...]:
    """Take a load apart at the changes made, and judge each epoch's sample against equal shares for its pods.

    ``choices`` are in order of start, and ``origin_ns`` is when the first of them started. ``readings`` are those of the
    endpoints: while a sample was taken they must be its pods.
    """
    at_us = _started_by_us(choices)
    answers = [None if row.error else row.uid for row in choices]

    def first_after(ns: int) -> int:
        return bisect_left(at_us, (ns - origin_ns) / 1000) + 1

    # of changes between the same two attempts only the last has an epoch
    begun = {first_after(one.asked_ns) if one.name else 1: one for one in made}
    changes = [LawChange(at, _law(one), first_after(one.done_ns), _uids(one.passing)) for at, one in begun.items()]
    parts = []
    for one, epoch in zip(begun.values(), epochs(answers, changes), strict=True):
        rule = ShareRule(epoch.law, plan.alpha, plan.beta, plan.delta)
        trial = Trial(
            rule,
            max(cap(rule), len(epoch.sample)),
            _of(epoch.sample, answers),
            endpoints=_during([origin_ns + us * 1000 for us in _of(epoch.sample, at_us)], readings),
            errors_allowed=plan.errors_allowed,
        )
        both = range(epoch.transition.start, epoch.sample.stop)
        parts.append(Part(one, epoch, rule, _of(both, choices), _of(both, at_us), decide(trial)))
    return tuple(parts)


def _started_by_us(choices: Sequence[Row]) -> tuple[int, ...]:
    """Return by when each attempt had started, in order.

    A row's start is when it was meant to start; a client that is behind starts it later, when the pods may be others. As
    attempts start in order, each had started when any later one was connected.
    """
    connected = (math.inf if row.connect_us is None else row.start_us + row.connect_us for row in reversed(choices))
    by_us = reversed(tuple(accumulate(connected, min)))
    known = (row.start_us if math.isinf(us) else int(us) for row, us in zip(choices, by_us, strict=True))
    return tuple(accumulate(known, max))  # where all that come later were lost


def changed_record(
    observed: Observed, made: Sequence[Change], plan: LoadPlan, control: Cause | None, seconds: float
) -> ScenarioRecord:
    """Make the record of a load during which the pods changed.

    These decide, in this order: an answer of a pod that was never expected, the ledger, an epoch's endpoints, more lost than
    allowed over all, and then the first epoch that is not even. The last epoch is shown where all are.
    """
    parts = split_into_epochs(observed.choices, observed.summary.t0_ns, made, plan, observed.endpoints)
    everyone = {pod.uid: pod for part in parts for pod in (*part.made.passing, *part.made.pods)}
    over_all = _over_all(observed, parts, plan, frozenset(everyone))
    shown = next((part for part in parts if part.cause), parts[-1])
    judgement = Judgement(over_all, ()) if over_all else shown.judgement
    law = _law_over_all(parts) if over_all else shown.rule.law
    record = scenario_record(
        replace(observed, expected=tuple(everyone.values())), judgement, replace(plan, law=law), control, seconds
    )
    return replace(
        record,
        epochs=tuple(_recorded(part, observed, judged=part is shown and not over_all) for part in parts),
        unread=dict(observed.reconciled.unread),
    )


def _over_all(observed: Observed, parts: Sequence[Part], plan: LoadPlan, known: frozenset[str]) -> Verdict | None:
    """Return what the load as a whole says; None where its epochs are to say it."""
    choices = observed.choices
    strays = {row.uid: row.number for row in reversed(choices) if not row.error and row.uid not in known}
    if strays:
        return Verdict(Cause.UNEXPECTED_POD, len(choices), min(strays.values()), tuple(strays))
    if observed.reconciled.discrepancies:
        return Verdict(Cause.UNRECONCILED, len(choices))
    lost = [row.number for row in choices if row.error]
    if len(lost) > plan.errors_allowed and all(part.cause is not Cause.ENDPOINTS for part in parts):
        return Verdict(Cause.ERRORS, len(choices), lost[plan.errors_allowed])
    if all(part.cause is Cause.UNDECIDED for part in parts):
        return Verdict(Cause.UNDECIDED, len(choices))
    return None


def _law_over_all(parts: Sequence[Part]) -> Law:
    """Return what the epochs' laws together gave each pod of the whole load: only a picture, as transitions obey none."""
    total = sum(len(part.choices) for part in parts)
    shares: Counter[str] = Counter()
    for part in parts:
        for uid, share in part.rule.law.shares.items():
            shares[uid] += share * len(part.choices) / total  # type: ignore[assignment]  # a Counter adds any numbers
    return Law("uniform random over each set of pods", shares)


def _recorded(part: Part, observed: Observed, *, judged: bool) -> EpochRecord:
    sample, origin_ns, logged = part.sample, observed.summary.t0_ns, observed.reconciled.logged
    last = part.choices[-1].number if part.choices else part.epoch.transition.start - 1
    from_s = (part.made.asked_ns - origin_ns) / NS_PER_S if part.made.name else 0.0
    return EpochRecord(
        change=part.made.name,
        from_s=round(from_s, 3),
        settled_s=None if part.settled_at_us is None else round(part.settled_at_us / 1e6, 3),
        even_s=None if part.even_at_us is None else round(part.even_at_us / 1e6, 3),
        to_s=round(part.at_us[-1] / 1e6 if part.at_us else from_s, 3),
        first=sample[0].number if sample else last + 1,
        last=last,
        pods=tuple(part.rule.law.shares),
        counts=dict(Counter(row.uid for row in sample if not row.error)),
        lost=dict(Counter(row.error.value for row in part.choices if row.error)),
        word=part.judgement.verdict.word,
        judged=judged,
        lost_by=dict(Counter(uid for row in part.choices if row.error for uid in logged.get(row.number, ()))),
    )


def _law(made: Change) -> Law:
    return uniform(made.pods)


def _uids(pods: Sequence[Pod]) -> frozenset[str]:
    return frozenset(pod.uid for pod in pods)


def _of(numbers: range, values: Sequence[T]) -> tuple[T, ...]:
    return tuple(values[numbers.start - 1 : numbers.stop - 1])


def _during(sample_ns: Sequence[int], readings: Sequence[Reading]) -> tuple[frozenset[str], ...]:
    """Return the sets of ready pods that held at any time while a sample was taken."""
    if not sample_ns:
        return ()
    begin_ns, end_ns = sample_ns[0], sample_ns[-1]
    before = [reading.ready for reading in readings if reading.at_ns <= begin_ns]
    return (*before[-1:], *(reading.ready for reading in readings if begin_ns < reading.at_ns <= end_ns))
