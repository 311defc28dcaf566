"""A load during which the pods change, taken apart: for each set of pods a transition, and a sample of its own."""

from collections.abc import Sequence
from dataclasses import dataclass

from evenly.judge.law import Law

QUIET = 100
"""Attempts in a row without an error, and without an answer from a pod that has left: then its rules are taken to be gone."""


@dataclass(frozen=True, slots=True)
class LawChange:
    """From the attempt ``at`` on, in order of start, ``law`` is declared: its pods are those that should answer.

    ``done`` is the first attempt that started after the change had been made; each pod has to answer from then on. ``passing``
    are pods that neither this law nor the one before has, and that may have answered meanwhile.
    """

    at: int
    law: Law
    done: int = 0
    passing: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Epoch:
    """The attempts under one law, by number: those of the transition to it, and those that are a sample of it.

    A transition is judged by how long it took and what was lost in it; its counts belong to no law. A sample is a trial like
    any other. Where the change never showed, the transition takes all and the sample is empty.
    """

    law: Law
    transition: range
    sample: range


def epochs(answers: Sequence[str | None], changes: Sequence[LawChange]) -> tuple[Epoch, ...]:
    """Take a load apart at its changes, the first of which is at attempt 1.

    A sample begins after the first answer of the law's last pod to answer and, where pods of the law before have left or a
    change has cost an error, once ``QUIET`` attempts in a row had neither an error nor an answer of these. All are stopping
    times: when a sample begins depends on what came before it alone, so that its counts are as good as any. What is lost
    before the first change is no change's: it opens no transition. Raises ValueError for changes that are not in order.
    """
    starts = [change.at for change in changes]
    if starts[:1] != [1] or sorted(set(starts)) != starts:
        raise ValueError(f"changes come in order, the first at attempt 1; got {starts}")
    found = []
    before: frozenset[str] | None = None
    for change, end in zip(changes, [*starts[1:], len(answers) + 1], strict=True):
        pods = frozenset(change.law.answering)
        left = None if before is None else (before | change.passing) - pods
        begin = _settled(answers, range(change.at, end), change.done, pods, left)
        found.append(Epoch(change.law, range(change.at, begin), range(begin, end)))
        before = pods
    return tuple(found)


def _settled(
    answers: Sequence[str | None], attempts: range, done: int, pods: frozenset[str], left: frozenset[str] | None
) -> int:
    """Return the first of the attempts by which all pods have answered, and those that have ``left`` answer no longer.

    ``left`` is None where nothing has changed yet.
    """
    silent, quiet = set(pods), 0
    wanted = QUIET if left else 0
    for number in attempts:
        if not silent and quiet >= wanted:
            return number
        pod = answers[number - 1]
        if number >= done:  # what has answered before may be just what the change ends
            silent.discard(pod or "")
        cost = pod is None and left is not None
        quiet = 0 if cost or pod in (left or ()) else quiet + 1
        wanted = QUIET if cost else wanted
    return attempts.stop
