"""From what the rooms saw to what the report is made from: live objects become one plain record."""

from collections.abc import Iterable
from dataclasses import dataclass

from evenly.judge.decide import Judgement
from evenly.judge.share import ShareRule
from evenly.judge.verdict import Cause
from evenly.load.ledger import Books
from evenly.load.plan import LoadPlan, Summary
from evenly.report.result import (
    BooksRecord,
    EndpointsReading,
    LoadRecord,
    LookRecord,
    PodRecord,
    Rule,
    ScenarioRecord,
)
from evenly.workload.endpoints import Reading
from evenly.workload.pods import Pod

NS_PER_S = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Scenario:
    """What a test says about itself; the name is unique within a run."""

    name: str
    test: str
    claim: str


@dataclass(frozen=True, slots=True)
class Setting:
    """Where a load went: the Service, its manifests, and the way in."""

    service: str
    namespace: str
    manifests: tuple[str, ...]
    target: str
    entry_node: str
    clients: int
    converged: bool
    session_affinity: str
    external_traffic_policy: str


@dataclass(frozen=True, slots=True)
class Observed:
    """All that one load left to be judged: what was expected, what the cluster said, what was answered and logged."""

    scenario: Scenario
    setting: Setting
    expected: tuple[Pod, ...]
    pods_afterwards: tuple[Pod, ...]
    endpoints: tuple[Reading, ...]
    summary: Summary
    books: Books
    evidence: tuple[str, ...]

    @property
    def answers(self) -> tuple[str | None, ...]:
        """Who answered each attempt (UIDs), in order of start; None for an error."""
        return tuple(None if row.error else row.uid for row in self.books.rows)


def scenario_record(
    observed: Observed, judgement: Judgement, rule: Rule, control: Cause | None, seconds: float
) -> ScenarioRecord:
    """Make the record of one load and its verdict."""
    scenario, setting, summary, books = observed.scenario, observed.setting, observed.summary, observed.books
    return ScenarioRecord(
        name=scenario.name,
        test=scenario.test,
        claim=scenario.claim,
        control=control,
        service=setting.service,
        namespace=setting.namespace,
        manifests=setting.manifests,
        rule=rule,
        load=LoadRecord(
            target=setting.target,
            entry_node=setting.entry_node,
            clients=setting.clients,
            attempts=summary.attempts,
            seconds=round(summary.seconds, 3),
            client_cpu_share=round(summary.client_cpu_s / summary.seconds, 3) if summary.seconds else 0.0,
            stalls=summary.stalls,
            prelude=summary.prelude,
            locust_version=summary.locust_version,
        ),
        pods=tuple(_pods(observed)),
        endpoints=tuple(
            EndpointsReading(round((reading.at_ns - summary.t0_ns) / NS_PER_S, 3), tuple(sorted(reading.ready)))
            for reading in observed.endpoints
        ),
        converged=setting.converged,
        looks=tuple(LookRecord(look.connections, look.ln_even, look.ln_uneven) for look in judgement.looks),
        books=BooksRecord(
            sent=len(books.rows),
            answered=books.answered,
            errors=books.errors,
            logged=books.logged_once,
            discrepancies=books.discrepancies,
        ),
        verdict=judgement.verdict,
        seconds=round(seconds, 1),
        evidence=observed.evidence,
        session_affinity=setting.session_affinity,
        external_traffic_policy=setting.external_traffic_policy,
    )


def rule_record(rule: ShareRule, plan: LoadPlan) -> Rule:
    """Make the record of the rule that was declared before the load."""
    return Rule(
        law=rule.law.name,
        shares=dict(rule.law.shares),
        alpha=rule.alpha,
        beta=rule.beta,
        delta=rule.delta,
        look_every=plan.look_every,
        cap=plan.cap,
        errors_allowed=plan.errors_allowed,
    )


def _pods(observed: Observed) -> Iterable[PodRecord]:
    """Yield the expected pods, then whoever else was an endpoint or answered; each as it was seen last."""
    expected = {pod.uid: pod for pod in observed.expected}
    afterwards = {pod.uid: pod for pod in observed.pods_afterwards}
    answered = {row.uid: row for row in observed.books.rows if not row.error}
    ready = {uid for reading in observed.endpoints for uid in reading.ready}
    for uid in (*expected, *sorted((answered.keys() | ready) - expected.keys())):
        pod = afterwards.get(uid) or expected.get(uid)
        if pod:
            note = pod.note if uid in afterwards else "gone at the end of the load"
            yield PodRecord(uid, pod.name, pod.node, pod.ip, uid in expected, pod.owner, pod.labels, pod.created_at, note)
        else:
            row = answered.get(uid)
            name, node = (row.pod, row.node) if row else (uid, "")
            yield PodRecord(uid, name, node, "", expected=False, owner="", labels={}, created_at="", note="no such pod")
