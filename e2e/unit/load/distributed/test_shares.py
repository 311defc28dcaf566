"""Attempts are shared out exactly: each is made once, whoever makes it, and what is lost with a worker is what it had."""

import io
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from random import Random

import gevent
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evenly.judge import uniform
from evenly.load.answer import Answer, Exchange
from evenly.load.attempts import Attempts
from evenly.load.distributed.link import Farewell, Link, pairs
from evenly.load.distributed.shares import AHEAD, Share, Shares
from evenly.load.plan import LoadPlan, Stopped
from evenly.load.rows import RowWriter

LAW = uniform(("a", "b", "c"))
NEVER = 1e-300  # an error rate so small that no load decides
LIMIT_S = 10.0


@dataclass
class FakeWorker:
    """A worker whose users make attempts by chance longer or shorter; it is gone when it has begun ``dies_after`` of them."""

    link: Link
    share: Share
    users: int
    dies_after: int
    by_chance: Random
    begun: list[int] = field(default_factory=list)
    ended: list[int] = field(default_factory=list)
    dead: bool = False

    def start(self) -> list[gevent.Greenlet]:
        return [gevent.spawn(self._use) for _ in range(self.users)]

    def _use(self) -> None:
        while not self.dead and (attempt := self.share.take()):
            start_ns = time.monotonic_ns()
            self.begun.append(attempt.number)
            if len(self.begun) == self.dies_after:
                self.dead = True
                self.link.finish()
            gevent.sleep(self.by_chance.choice((0, 0, 0.0001)))
            if self.dead:
                return
            uid = self.by_chance.choice("abc")
            answer = Answer(f"pod-{uid}", uid, "node", attempt.number, 1, "10.0.0.1")
            self.share.ended(attempt.number, Exchange.now(start_ns, start_ns, answer))
            self.ended.append(attempt.number)


Sent = tuple[Shares, Attempts, list[FakeWorker], io.StringIO]


def sent(plan: LoadPlan, users: Sequence[int], dies_after: Sequence[int]) -> Sent:
    """Send a load by workers with so many users each; where one dies, its other users never say a word again."""
    by_chance = Random(20261127)  # noqa: S311 - a simulation
    rows, failures = io.StringIO(), list[BaseException]()
    masters, workers = [], []
    for (one, other), count, last in zip(pairs(str(len(users))), users, dies_after, strict=True):
        masters.append(Link(*one))
        link = Link(*other)
        workers.append(FakeWorker(link, Share(plan, link), count, last, by_chance))
    shares = Shares(masters)
    attempts = Attempts(plan, RowWriter(rows, plan.look_every), lambda: None, partial(shares.let_all_in, AHEAD))
    shares.begin(attempts, failures.append)
    at_work = [greenlet for worker in workers for greenlet in worker.start()]
    assert shares.done.wait(LIMIT_S)
    gevent.killall(at_work)  # of the dead, who wait for what will not come
    for worker in workers:
        worker.link.close()
    assert failures == []
    return shares, attempts, workers, rows


@given(st.lists(st.integers(1, 9), min_size=1, max_size=4), st.integers(1, 300), st.integers(0, 40))
@settings(max_examples=50)
def test_exactly_as_many_as_planned_are_made_each_once(users: list[int], most: int, prelude: int) -> None:
    plan = LoadPlan("run-1", LAW, most, alpha=NEVER, beta=NEVER, prelude=prelude)
    shares, attempts, workers, rows = sent(plan, users, [0] * len(users))
    assert Counter(number for worker in workers for number in worker.ended) == Counter(range(1, most + 1))
    assert (attempts.handed_out, attempts.in_flight, attempts.stopped) == (most, 0, Stopped.CAP)
    assert len(rows.getvalue().splitlines()) == 1 + most
    assert len(shares.farewells) == len(users)


def test_the_prelude_is_made_one_after_the_other() -> None:
    plan = LoadPlan("run-1", LAW, 200, alpha=NEVER, beta=NEVER, prelude=100)
    _, attempts, workers, _ = sent(plan, [5, 5], [0, 0])
    for worker in workers:
        early = [number for number in worker.begun if number <= 100]
        assert early == [number for number in worker.ended if number <= 100]
        assert early == sorted(early)
    assert attempts.summary("v").prelude == 100


def test_a_decision_ends_the_load_with_what_workers_have() -> None:
    plan = LoadPlan("run-1", LAW, 36_000, delta=0.2, prelude=0)
    _, attempts, workers, _ = sent(plan, [5, 5], [0, 0])
    made = sorted(number for worker in workers for number in worker.ended)
    assert attempts.stopped is Stopped.DECIDED
    assert made == list(range(1, attempts.handed_out + 1))


@given(st.integers(1, 200), st.integers(0, 40))
@settings(max_examples=50)
def test_what_is_lost_with_a_worker_is_what_it_had(last: int, prelude: int) -> None:
    plan = LoadPlan("run-1", LAW, 100_000, alpha=NEVER, beta=NEVER, prelude=prelude)
    shares, attempts, (dead, other), rows = sent(plan, [4, 4], [last, 0])
    writer_saw = {int(line.split(",")[0]) for line in rows.getvalue().splitlines()[1:]}
    ended = set(dead.ended) | set(other.ended)
    assert attempts.stopped is Stopped.WORKER_LOST
    assert set(other.begun) == set(other.ended), "nothing of the other one's is cut off"
    assert len(dead.ended) + len(other.ended) == len(ended)
    assert writer_saw <= ended
    assert len(set(range(1, attempts.handed_out + 1)) - ended) <= 4 + AHEAD
    assert len(shares.farewells) == 1


def test_a_farewell_reads_back_the_same() -> None:
    assert Farewell.of(Farewell(1.5).to_line()) == Farewell(1.5)
    with pytest.raises(ValueError, match="Expecting"):
        Farewell.of(b"")
