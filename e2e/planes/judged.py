"""The product's own load and judgement, on a data plane that is no cluster."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from evenly.judge import Law, ShareRule, Trial, Verdict, Word, cap, decide, uniform
from evenly.load import preflight
from evenly.load.ledger import Books, join
from evenly.load.plan import LoadPlan
from evenly.load.run import CLIENTS, Locust
from evenly.workload.logs import FLUSH_LIMIT_S
from evenly.workload.wait import until
from planes.rules import DOOR, DOOR_PORT
from planes.servers import Server


@dataclass(frozen=True, slots=True)
class Judged:
    """What a load met, and what was made of it; ``counts`` are the answers by pod, in the pods' order."""

    verdict: Verdict
    counts: tuple[int, ...]
    books: Books


def judged(pods: Mapping[str, Server], folder: Path) -> Judged:
    """Send a load that declares an even Service and judge it.

    ``pods`` are the servers by UID. The folder's name, another one for each load, is in the attempts' ids.
    """
    rule = ShareRule(uniform(pods))
    plan = LoadPlan(folder.name, rule.law, cap(rule))
    preflight.check(plan.cap, CLIENTS)
    with Locust(f"{DOOR}:{DOOR_PORT}", folder) as locust:
        locust.release(plan)
        prelude = locust.wait().prelude
        rows = locust.rows
    answers = [None if row.error else row.uid for row in rows]
    counts = Counter(answers)
    until(lambda: all(len(pod.lines) >= counts[uid] for uid, pod in pods.items()), limit_s=FLUSH_LIMIT_S)
    books = join(rows, {uid: pod.lines for uid, pod in pods.items()}, plan.run_id)
    judgement = decide(Trial(rule, plan.cap, answers, books.discrepancies, prelude=prelude))
    return Judged(judgement.verdict, tuple(counts[uid] for uid in pods), books)


def contradicts(counts: Sequence[int], truth: Sequence[float]) -> bool:
    """Whether counts, taken whenever one likes, rule out shares that are as these parts; true ones once in a million times."""
    pods = [str(number) for number in range(len(truth))]
    law = Law("truth", {pod: part / sum(truth) for pod, part in zip(pods, truth, strict=True)})
    return ShareRule(law).look(dict(zip(pods, counts, strict=True))).decides is Word.FAIL
