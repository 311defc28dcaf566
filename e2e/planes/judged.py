"""The product's own load and judgement, on a data plane that is no cluster."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from evenly import limits
from evenly.judge import Law, Pick, ShareRule, Trial, Verdict, Word, decide
from evenly.k8s.wait import until
from evenly.load.client import preflight
from evenly.load.client.process import CLIENTS, LocustProcess
from evenly.load.client.reconcile import Reconciled, join
from evenly.load.plan import LoadPlan
from planes.rules import DOOR, DOOR_PORT
from planes.servers import Server

SOURCES = "127.1.0.0/16"


@dataclass(frozen=True, slots=True)
class Judged:
    """What a load met, and what was made of it; ``counts`` are the answers by pod, in the pods' order."""

    verdict: Verdict
    counts: tuple[int, ...]
    reconciled: Reconciled


def judged(  # noqa: PLR0913 - what is declared, and what happens meanwhile
    pods: Mapping[str, Server],
    folder: Path,
    law: Law,
    *,
    hold_s: float = 0.0,
    during: Callable[[LocustProcess], None] | None = None,
    gone: Collection[str] = (),
) -> Judged:
    """Send a load that declares this law and judge it; where the law is over clients, each has an address of its own.

    ``pods`` are the servers by UID; the logs of those that are ``gone`` in the end cannot be read any more. The folder's name,
    another one for each load, is in the attempts' ids. ``during`` is called once the load has begun.
    """
    rule = ShareRule(law)
    plan = LoadPlan.of(folder.name, rule, sources=SOURCES if law.pick is Pick.PER_CLIENT else "", hold_s=hold_s)
    preflight.check(plan.cap, CLIENTS, hold=plan.held)
    with LocustProcess(f"{DOOR}:{DOOR_PORT}", folder) as locust:
        locust.release(plan)
        if during:
            during(locust)
        prelude = locust.wait().prelude
        rows = locust.rows
    answers = [None if row.error else row.uid for row in rows]
    counts = Counter(answers)
    left = {uid: pod for uid, pod in pods.items() if uid not in gone}
    until(lambda: all(len(pod.lines) >= counts[uid] for uid, pod in left.items()), limit_s=limits.FLUSH_S)
    reconciled = join(rows, {uid: pod.lines if uid in left else None for uid, pod in pods.items()}, plan.run_id)
    clients = [plan.source(row.number) for row in rows]
    judgement = decide(Trial(rule, plan.cap, answers, reconciled.discrepancies, prelude=prelude, clients=clients))
    return Judged(judgement.verdict, tuple(counts[uid] for uid in pods), reconciled)


def contradicts(counts: Sequence[int], truth: Sequence[float]) -> bool:
    """Whether counts, taken whenever one likes, rule out shares that are as these parts; true ones once in a million times."""
    pods = [str(number) for number in range(len(truth))]
    law = Law("truth", {pod: part / sum(truth) for pod, part in zip(pods, truth, strict=True)})
    return ShareRule(law).look(dict(zip(pods, counts, strict=True))).decides is Word.FAIL
