"""The judgement of a whole run: what decides, in which order."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import repeat

from evenly.judge.law import Law
from evenly.judge.sample import LOOK_EVERY, Sample
from evenly.judge.share_rule import Look, ShareRule
from evenly.judge.verdict import Cause, Verdict


@dataclass(frozen=True, slots=True)
class Trial:
    """Everything a judgement rests on, as plain values.

    ``answers`` are the pods' keys in the order in which the attempts started, None for an error; ``clients`` says whose each
    attempt was, where the law is over clients. ``discrepancies`` say in what the client's ledger and the pods' logs disagree.
    ``endpoints`` are the sets of ready pods that were seen at any time; each must be the law's pods, all of them, but that a
    pod which must not answer need not be ready.
    """

    rule: ShareRule
    cap: int
    answers: Sequence[str | None]
    discrepancies: Sequence[str] = ()
    endpoints: Sequence[frozenset[str]] = ()
    errors_allowed: int = 0
    look_every: int = LOOK_EVERY
    prelude: int = 0
    clients: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict, and every look at the sample, also those after the one that decided."""

    verdict: Verdict
    looks: tuple[Look, ...]


def decide(trial: Trial) -> Judgement:
    """Judge a run: an unexpected pod's answer, the ledger, the endpoints, errors, then the shares; what comes first decides.

    A stray or missing pod among the endpoints makes the shares a question about another set of pods, so it invalidates them,
    whatever they say; a stray that answered is a FAIL all the same. A sample that ends before it decides is UNDECIDED.
    """
    sample = Sample(
        trial.rule, trial.cap, look_every=trial.look_every, errors_allowed=trial.errors_allowed, prelude=trial.prelude
    )
    for number, (pod, client) in enumerate(zip(trial.answers, trial.clients or repeat("")), start=1):  # noqa: B905 - endless
        sample.ended(number, pod, client)
    return Judgement(_verdict(sample, trial), tuple(sample.looks))


def _verdict(sample: Sample, trial: Trial) -> Verdict:
    by_sample = sample.verdict
    if by_sample and by_sample.cause is Cause.UNEXPECTED_POD:
        return by_sample
    if trial.discrepancies:
        return Verdict(Cause.UNRECONCILED, sample.attempts)
    differing = _differing(trial.rule.law, trial.endpoints)
    if differing:
        return Verdict(Cause.ENDPOINTS, sample.attempts, pods=differing)
    return by_sample or Verdict(Cause.UNDECIDED, sample.looks[-1].connections if sample.looks else 0)


def _differing(law: Law, endpoints: Sequence[frozenset[str]]) -> tuple[str, ...]:
    """Return the pods that were missing from, or too many in, any of the sets: the law's in its order, then the others."""
    missing = (law.answering.keys() - ready for ready in endpoints)
    too_many = (ready - law.shares.keys() for ready in endpoints)
    differing = frozenset().union(*missing, *too_many)
    return tuple(pod for pod in law.shares if pod in differing) + tuple(sorted(differing - law.shares.keys()))
