"""Made-up pods, rows and records for tests of any room; records are of seeded draws, judged by the real rule."""

import random
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from evenly.judge import CONNECTIONS_A_CLIENT, Cause, Law, Sample, ShareRule, Trial, Verdict, Word, cap, decide, uniform
from evenly.k8s.pods import Pod
from evenly.load.answer import ErrorKind
from evenly.load.rows import Row
from evenly.report.figures import Figures, figures
from evenly.results.samples import COLUMNS, SAMPLES, Samples, write_samples
from evenly.results.schema import (
    NEW_CONNECTION,
    EndpointsReading,
    ErrorRecord,
    LoadRecord,
    LookRecord,
    PodRecord,
    ReconciliationRecord,
    Rule,
    RunRecord,
    ScenarioRecord,
    TestRecord,
)
from evenly.results.store import write_result

ENDS = ("k7m2p", "q8zcd", "w4n9x")


def pod(uid: str, **changes: Any) -> Pod:  # noqa: ANN401 - any field of a pod
    """Make a ready pod of a Deployment, as the API server knows it."""
    made = Pod(
        uid=uid,
        name=f"pod-{uid}",
        node="worker",
        ip="10.244.1.4",
        ready=True,
        owner="Deployment backend-app",
        labels={"app": "backend-app"},
        created_at="2026-11-24T02:13:40+00:00",
        note="",
    )
    return replace(made, **changes)


def row(number: int, uid: str = "a", **changes: Any) -> Row:  # noqa: ANN401 - any column
    """Make the row of an attempt that a pod answered, on a connection of its own."""
    return Row(number, number * 100, 90, 500, f"pod-{uid}", uid, "worker", number, 1, "10.0.0.1", None)._replace(**changes)


def lost(number: int, error: ErrorKind) -> Row:
    """Make the row of an attempt that got no answer."""
    return Row(number, number * 100, None, None, "", "", "", 0, 0, "", error)


def pod_record(number: int, pods: int = 3) -> PodRecord:
    """Make the record of an expected pod, one of so many."""
    end = ENDS[number] if pods <= len(ENDS) else f"p{number:04d}"
    return PodRecord(
        uid=f"uid-{number}",
        name=f"backend-app-6d5f9c7b8d-{end}",
        node="evenly-3f9c-worker" if number == 0 else "evenly-3f9c-worker2",
        ip=f"10.244.{1 + number % 2}.{number + 3}",
        expected=True,
        owner="Deployment backend-app",
        labels={"app": "backend-app", "pod-template-hash": "6d5f9c7b8d"},
        created_at="2026-11-24T02:13:40+00:00",
        note="",
    )


STRAY = replace(
    pod_record(0),
    uid="uid-stray",
    name="backend-app-canary-7c9f4d6b55-x2k4j",
    ip="10.244.1.7",
    expected=False,
    owner="Deployment backend-app-canary",
    labels={"app": "backend-app", "pod-template-hash": "7c9f4d6b55"},
    created_at="2026-11-24T02:11:09+00:00",
)
"""A pod of another Deployment behind the same selector."""


@dataclass(frozen=True, slots=True)
class Simulation:
    """A scenario's record and its rows in samples.csv.gz, by column."""

    record: ScenarioRecord
    rows: tuple[dict[str, Any], ...]

    @property
    def samples(self) -> Samples:
        """The rows summed up, as a report reads them."""
        samples = Samples()
        for row in self.rows:
            samples.add([str(value) for value in row.values()])
        return samples

    @property
    def figures(self) -> Figures:
        """The figures that a report is made from."""
        return figures(self.record, self.samples)


def simulate(  # noqa: PLR0913 - each is one way in which a run can differ
    *,
    name: str = "three_pods_share_evenly",
    pods: Sequence[PodRecord] = (),
    weights: Sequence[float] | None = None,
    stray: PodRecord | None = None,
    errors: Sequence[str] = (),
    readings: Iterable[EndpointsReading] | None = None,
    gone_at: tuple[int, float] | None = None,
    discrepancies: tuple[str, ...] = (),
    per_connection: int = 1,
    control: Cause | None = None,
    law: Callable[[Iterable[str]], Law] = uniform,
    who: Callable[[int], int] | None = None,
    locustfile: str = NEW_CONNECTION,
    prelude: int = 0,
    attempts: int | None = None,
    seed: int = 20261124,
) -> Simulation:
    """Draw connections over pods until the rule decides, as the load does.

    ``gone_at`` takes a pod out from a number on; ``who`` says which pod answers an attempt, by number, instead of chance.
    """
    expected = tuple(pods) or tuple(map(pod_record, range(3)))
    everyone = (*expected, stray) if stray else expected
    rule = ShareRule(law(one.uid for one in expected))
    most = cap(rule)
    sample = Sample(rule, most, errors_allowed=0, prelude=prelude)
    draw = random.Random(seed)  # noqa: S311 - a simulation
    failing = {41 * (i + 1): kind for i, kind in enumerate(errors)}
    rows: list[dict[str, Any]] = []
    clients: list[str] = []
    choices: list[str | None] = []
    current = everyone[0]
    for number in range(1, (attempts or most) + 1):
        if (number - 1) % per_connection == 0:
            now = list(weights or [1.0] * len(everyone))
            if gone_at and number >= gone_at[1]:
                now[gone_at[0]] = 0.0
            current = everyone[who(number)] if who else draw.choices(everyone, now)[0]
        kind = failing.get(number, "")
        rows.append(_row(name, number, None if kind else current, kind, per_connection, draw))
        clients.append(str((number - 1) // CONNECTIONS_A_CLIENT))
        if number % per_connection == 1 % per_connection or locustfile == NEW_CONNECTION:
            choices.append(None if kind else current.uid)
            sample.ended(len(choices), choices[-1], clients[-1])
        verdict = sample.verdict
        if attempts is None and verdict and (verdict.word is Word.PASS or number >= 1000) and number % 100 == 0:
            break
    ready = EndpointsReading(0.0, tuple(sorted(one.uid for one in everyone)))
    seen = (ready,) if readings is None else tuple(readings)
    judged = decide(
        Trial(rule, most, choices, discrepancies, [frozenset(r.ready) for r in seen], prelude=prelude, clients=clients)
    )
    answered = Counter(row["uid"] for row in rows if row["uid"])
    record = replace(
        _scenario(name, rule, most),
        control=control,
        pods=everyone,
        endpoints=seen,
        looks=tuple(LookRecord(look.connections, look.ln_even, look.ln_uneven) for look in judged.looks),
        reconciliation=ReconciliationRecord(len(rows), dict(answered), dict(Counter(errors)), answered.total(), discrepancies),
        verdict=judged.verdict,
    )
    load = replace(record.load, attempts=len(rows), seconds=len(rows) / 2300, prelude=prelude, locustfile=locustfile)
    return Simulation(replace(record, load=load), tuple(rows))


def _scenario(name: str, rule: ShareRule, most: int) -> ScenarioRecord:
    """Make the record of a scenario that has yet to be sent."""
    return ScenarioRecord(
        name=name,
        test=f"e2e/test_spread.py::test_{name}",
        claim="A NodePort Service spreads new connections evenly over its ready pods.",
        control=None,
        service="spring-service",
        namespace="evenly-7f3a",
        manifests=("backend.yaml", "spring-service.yaml"),
        rule=Rule(rule.law.name, dict(rule.law.shares), rule.alpha, rule.beta, rule.delta, 100, most, 0, rule.law.pick),
        load=LoadRecord(
            target="127.0.0.1:30000",
            entry_node="evenly-3f9c-control-plane",
            clients=20,
            attempts=0,
            seconds=0.0,
            client_cpu_share=0.41,
            stalls=0,
            locust_version="2.47.0",
        ),
        pods=(),
        endpoints=(),
        converged=True,
        looks=(),
        reconciliation=ReconciliationRecord(0, {}, {}, 0, ()),
        verdict=Verdict(None, 0),
        seconds=3.2,
        evidence=("evidence/locust.html",),
    )


def _row(  # noqa: PLR0913, PLR0917 - a row's columns
    scenario: str, number: int, who: PodRecord | None, error: str, per_connection: int, draw: random.Random
) -> dict[str, Any]:
    row = dict.fromkeys(COLUMNS, "") | {"scenario": scenario, "number": number, "start_us": int(number * 434.8)}
    if who is None:
        return row | {"error": error}
    return row | {
        "connect_us": int(120 * draw.lognormvariate(0, 0.25)),
        "response_us": int(640 * draw.lognormvariate(0, 0.35)) + (4000 if draw.random() < 0.01 else 0),
        "pod": who.name,
        "uid": who.uid,
        "node": who.node,
        "connection": (number - 1) // per_connection + 1,
        "request": (number - 1) % per_connection + 1,
        "client": "172.18.0.1",
        "logged": who.uid,
    }


class RunOf(Protocol):
    """Leaves the records of a run of these scenarios, and returns their folder."""

    def __call__(
        self, *simulations: Simulation, tests: Sequence[TestRecord] = (), errors: Sequence[ErrorRecord] = ()
    ) -> Path: ...


def write_run(
    folder: Path, *simulations: Simulation, tests: Sequence[TestRecord] = (), errors: Sequence[ErrorRecord] = ()
) -> Path:
    """Leave a run's records in a folder, in the place of those that are there."""
    folder.mkdir(parents=True, exist_ok=True)
    run = RunRecord(
        run_id="2026-11-24T0214-3f9c",
        started_at="2026-11-24T02:14:09+00:00",
        command="make e2e SCENARIO=spread K8S=v1.37.2 PROXY=nftables SEED=20261124",
        environment={
            "Cluster": "kind 0.33.0, 1 control plane + 2 workers, built locally",
            "Kubernetes": "v1.37.2, kube-proxy nftables",
            "Host": "Linux 6.18, 2 CPUs, Docker 26.1.5",
        },
        steps=(("cluster", 23.4), ("pods", 6.1)),
        scenarios=tuple(one.record for one in simulations),
        errors=tuple(errors),
        tests=tuple(tests),
    )
    write_result(folder, run)
    (folder / SAMPLES).unlink(missing_ok=True)
    for one in simulations:
        write_samples(folder / SAMPLES, one.record.name, ([*row.values()][1:] for row in one.rows))
    return folder
