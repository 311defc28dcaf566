"""A load that runs while a test acts: when it says that enough was sent, the judgement at its end agrees."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import pytest

from evenly.k8s.converge import Settled
from evenly.load.plan import LoadPlan
from evenly.load.rows import Row
from evenly.scenario.epochs import Change, split_into_epochs
from evenly.scenario.under_load import UnderLoad
from unit.fakes import FakeTarget
from unit.scenario.test_epochs import MS, PLAN, pods, rows

T0_AFTER_RELEASE_NS = 60 * MS
ALL = pods("abc")


@dataclass
class Sending:
    """A Locust that has sent some of its rows; the first one started a while after it was released."""

    sent: Sequence[Row]
    t0_ns: int = 0

    @property
    def rows(self) -> Sequence[Row]:
        return self.sent

    def release(self, plan: LoadPlan) -> None:
        assert plan is PLAN


@pytest.mark.parametrize("seed", [3, 35, 51])
def test_what_has_decided_while_the_load_was_on_has_decided_in_the_end(seed: int) -> None:
    drawn = rows(random.Random(seed).choices("abc", k=10_000))  # noqa: S311 - a draw, not a secret
    locust = Sending(drawn[:100])
    load = UnderLoad(cast("Any", locust), PLAN, FakeTarget(settled=Settled(ALL, opened=True)))
    locust.t0_ns = load.changes[0].asked_ns + T0_AFTER_RELEASE_NS
    asked_ns = locust.t0_ns + 4000 * MS
    load.changed(Change("kube-proxy restarted", asked_ns, asked_ns, ALL))

    def decided(sent: int) -> bool:
        locust.sent = drawn[:sent]
        return load.has_decided()

    at = next(sent for sent in range(3000, len(drawn), 25) if decided(sent))
    in_the_end = split_into_epochs(drawn[:at], locust.t0_ns, load.changes, PLAN)
    assert in_the_end[-1].cause is None


def test_changes_that_others_made_are_told_from_the_tests_own() -> None:
    target = FakeTarget(settled=Settled(ALL, opened=True))
    load = UnderLoad(cast("Any", Sending(rows("abc"))), PLAN, target)
    load.changed(Change("scale to 3", MS, MS, ALL))
    assert not load.others_changed_pods
    target.seen = (Change("the endpoints changed", MS, MS, ALL),)
    assert load.others_changed_pods
