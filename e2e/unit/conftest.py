"""Made-up records: seeded draws, judged by the real rule, written as a run leaves them."""

import csv
import gzip
import io
import random
import resource
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import pytest

from evenly.judge import CONNECTIONS_A_CLIENT, Cause, Law, Sample, ShareRule, Trial, Word, cap, decide, uniform
from evenly.results.samples import COLUMNS, SAMPLES
from evenly.results.schema import (
    NEW_CONNECTION,
    BooksRecord,
    EndpointsReading,
    ErrorRecord,
    LoadRecord,
    LookRecord,
    PodRecord,
    Rule,
    RunRecord,
    ScenarioRecord,
    TestRecord,
)
from evenly.results.store import write_result
from unit.fakes import kubeconfig, machine

__all__ = ["kubeconfig", "machine"]  # fixtures

Row = dict[str, object]
ENDS = ("k7m2p", "q8zcd", "w4n9x")
STRAY = "uid-stray"


@dataclass(frozen=True)
class Made:
    """A scenario's record and its rows in samples.csv.gz."""

    record: ScenarioRecord
    rows: tuple[Row, ...]


def make_pod(number: int, pods: int = 3) -> PodRecord:
    end = ENDS[number] if pods <= 3 else f"p{number:04d}"
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


def make_stray() -> PodRecord:
    return replace(
        make_pod(0),
        uid=STRAY,
        name="backend-app-canary-7c9f4d6b55-x2k4j",
        ip="10.244.1.7",
        expected=False,
        owner="Deployment backend-app-canary",
        labels={"app": "backend-app", "pod-template-hash": "7c9f4d6b55"},
        created_at="2026-11-24T02:11:09+00:00",
    )


def make(  # noqa: PLR0913 - each is one way in which a run can differ
    *,
    name: str = "three_pods_share_evenly",
    pods: Sequence[PodRecord] | None = None,
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
) -> Made:
    """Draw connections over pods until the rule decides, as the load does.

    ``gone_at`` takes a pod out from a number on; ``who`` says which pod answers an attempt, by number, instead of chance.
    """
    expected = list(pods or [make_pod(i) for i in range(3)])
    rule = ShareRule(law(p.uid for p in expected))
    most = cap(rule)
    draw = random.Random(seed)  # noqa: S311 - a simulation
    everyone = [*expected, *([stray] if stray else [])]
    weight = list(weights or [1.0] * len(everyone))
    sample = Sample(rule, most, errors_allowed=0, prelude=prelude)
    lost = {41 * (i + 1): kind for i, kind in enumerate(errors)}
    rows: list[Row] = []
    answers: list[str | None] = []
    clients: list[str] = []
    choices: list[str | None] = []
    current = everyone[0]
    for number in range(1, (attempts or most) + 1):
        now = [0.0 if gone_at and number >= gone_at[1] and i == gone_at[0] else w for i, w in enumerate(weight)]
        if (number - 1) % per_connection == 0:
            current = everyone[who(number)] if who else draw.choices(everyone, now)[0]
        kind = lost.get(number, "")
        rows.append(_row(name, number, None if kind else current, kind, per_connection, draw))
        answers.append(None if kind else current.uid)
        clients.append(str((number - 1) // CONNECTIONS_A_CLIENT))
        if number % per_connection == 1 % per_connection or locustfile == NEW_CONNECTION:
            sample.ended(len(choices) + 1, answers[-1], clients[-1])
            choices.append(answers[-1])
        verdict = sample.verdict
        if attempts is None and verdict and (verdict.word is Word.PASS or number >= 1000) and number % 100 == 0:
            break
    ready = tuple(sorted(p.uid for p in everyone))
    seen = tuple(readings) if readings is not None else (EndpointsReading(0.0, ready),)
    judged = decide(
        Trial(rule, most, choices, discrepancies, [frozenset(r.ready) for r in seen], prelude=prelude, clients=clients)
    )
    answered = Counter(uid for uid in answers if uid)
    record = ScenarioRecord(
        name=name,
        test=f"e2e/test_spread.py::test_{name}",
        claim="A NodePort Service spreads new connections evenly over its ready pods.",
        control=control,
        service="spring-service",
        namespace="evenly-7f3a",
        manifests=("backend.yaml", "spring-service.yaml"),
        rule=Rule(rule.law.name, dict(rule.law.shares), rule.alpha, rule.beta, rule.delta, 100, most, 0, rule.law.pick),
        load=LoadRecord(
            "127.0.0.1:30000",
            "evenly-3f9c-control-plane",
            20,
            len(rows),
            len(rows) / 2300,
            0.41,
            0,
            "2.47.0",
            prelude,
            locustfile=locustfile,
        ),
        pods=tuple(everyone),
        endpoints=seen,
        converged=True,
        looks=tuple(LookRecord(look.connections, look.ln_even, look.ln_uneven) for look in judged.looks),
        books=BooksRecord(len(rows), dict(answered), dict(Counter(errors)), sum(answered.values()), discrepancies),
        verdict=judged.verdict,
        seconds=3.2,
        evidence=("evidence/locust.html",),
    )
    return Made(record, tuple(rows))


def _row(  # noqa: PLR0913, PLR0917 - a row's columns
    scenario: str, number: int, who: PodRecord | None, error: str, per_connection: int, draw: random.Random
) -> Row:
    row: Row = dict.fromkeys(COLUMNS, "") | {"scenario": scenario, "number": number, "start_us": int(number * 434.8)}
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


def write(folder: Path, *made: Made, tests: Sequence[TestRecord] = (), errors: Sequence[ErrorRecord] = ()) -> Path:
    """Leave a run's records in a folder, the samples one gzip member a scenario."""
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
        scenarios=tuple(one.record for one in made),
        errors=tuple(errors),
        tests=tuple(tests),
    )
    write_result(folder, run)
    with (folder / SAMPLES).open("wb") as file:
        for one in made:
            text = io.StringIO(newline="")
            rows = csv.DictWriter(text, COLUMNS, lineterminator="\n")
            rows.writeheader()
            rows.writerows(one.rows)
            file.write(gzip.compress(text.getvalue().encode(), mtime=0))
    return folder


@pytest.fixture
def disk_that_fills_up() -> Callable[[int], AbstractContextManager[None]]:
    """Let no file grow beyond some bytes, neither here nor in programs started meanwhile: EFBIG stands for ENOSPC."""

    @contextmanager
    def at(size: int) -> Iterator[None]:
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    return at


@pytest.fixture
def run_of(tmp_path: Path) -> Callable[..., Path]:
    """Write records and return their folder."""
    return partial(write, tmp_path / "2026-11-24T0214-3f9c")


@pytest.fixture(scope="session")
def simulate() -> Callable[..., Made]:
    """Draw a scenario."""
    return make


@pytest.fixture(scope="session")
def pod() -> Callable[..., PodRecord]:
    """Make an expected pod."""
    return make_pod


@pytest.fixture(scope="session")
def stray() -> PodRecord:
    """A pod of another Deployment behind the same selector."""
    return make_stray()
