"""From what the rooms saw to what the report is made from: live objects become one plain record."""

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from types import MappingProxyType

from evenly.judge.decide import Judgement
from evenly.judge.verdict import Cause
from evenly.k8s.endpoints import Reading
from evenly.k8s.pods import Pod
from evenly.k8s.services import Spec
from evenly.load.client.reconcile import Reconciled
from evenly.load.plan import LoadPlan, Summary
from evenly.load.rows import Row
from evenly.results.schema import (
    ContainerPort,
    EndpointsReading,
    FalseName,
    LoadRecord,
    LookRecord,
    NodeRules,
    PodRecord,
    ReconciliationRecord,
    Rule,
    ScenarioRecord,
    ServicePort,
)

NS_PER_S = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Scenario:
    """What a test says about itself; the name is unique within a run."""

    name: str
    test: str
    claim: str


@dataclass(frozen=True, slots=True)
class Setting:
    """Where a load went: the Service, its manifests, the way in, and the pods near that, if the Service prefers them."""

    service: str
    namespace: str
    manifests: tuple[str, ...]
    target: str
    entry_node: str
    clients: int
    locustfile: str
    converged: bool
    spec: Spec
    near: AbstractSet[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Observed:
    """All that one load left to be judged: what was expected, what the cluster said, what was answered and logged."""

    scenario: Scenario
    setting: Setting
    expected: tuple[Pod, ...]
    pods_afterwards: tuple[Pod, ...]
    endpoints: tuple[Reading, ...]
    summary: Summary
    reconciled: Reconciled
    evidence: tuple[str, ...]

    @property
    def choices(self) -> tuple[Row, ...]:
        """The attempts for which the Service chose a pod, or failed to, in order of start: the first on each connection."""
        return tuple(row for row in self.reconciled.rows if row.error or row.request == 1)

    @property
    def answers(self) -> tuple[str | None, ...]:
        """Who answered each choice (UIDs), in order of start; None for an error."""
        return tuple(None if row.error else row.uid for row in self.choices)


def scenario_record(  # noqa: PLR0913 - what was seen, judged, planned and declared
    observed: Observed,
    judgement: Judgement,
    plan: LoadPlan,
    control: Cause | None,
    seconds: float,
    *,
    rules: Mapping[str, Mapping[str, float]] = MappingProxyType({}),
) -> ScenarioRecord:
    """Make the record of one load and its verdict; ``rules`` are the parts by address that rules give, by node."""
    scenario, setting, summary, joined = observed.scenario, observed.setting, observed.summary, observed.reconciled
    return ScenarioRecord(
        name=scenario.name,
        test=scenario.test,
        claim=scenario.claim,
        control=control,
        service=setting.service,
        namespace=setting.namespace,
        manifests=setting.manifests,
        rule=_rule(plan),
        load=LoadRecord(
            target=setting.target,
            entry_node=setting.entry_node,
            clients=setting.clients,
            attempts=summary.attempts,
            seconds=round(summary.seconds, 3),
            client_cpu_share=round(summary.client_cpu_s / summary.seconds, 3) if summary.seconds else 0.0,
            stalls=summary.stalls,
            prelude=summary.prelude,
            held_s=round(summary.held_s, 1),
            rate_per_s=plan.rate_per_s,
            locustfile=setting.locustfile,
            workers=summary.workers,
            bottlenecks=summary.bottlenecks,
            identified_by=str(plan.identify or ""),
            locust_version=summary.locust_version,
        ),
        pods=tuple(_pods(observed)),
        endpoints=tuple(
            EndpointsReading(round((reading.at_ns - summary.t0_ns) / NS_PER_S, 3), tuple(sorted(reading.ready)))
            for reading in observed.endpoints
        ),
        converged=setting.converged,
        looks=tuple(LookRecord(look.connections, look.ln_even, look.ln_uneven) for look in judgement.looks),
        reconciliation=ReconciliationRecord(
            sent=len(joined.rows),
            answered=joined.answered,
            errors=joined.errors,
            logged=joined.logged_once,
            discrepancies=joined.discrepancies,
            false_names=tuple(FalseName(of, named, n) for (of, named), n in sorted(joined.false_names.items())),
        ),
        verdict=judgement.verdict,
        seconds=round(seconds, 1),
        evidence=observed.evidence,
        session_affinity=setting.spec.session_affinity,
        external_traffic_policy=setting.spec.external_traffic_policy,
        traffic_distribution=setting.spec.traffic_distribution,
        near=tuple(sorted(setting.near)),
        selector=dict(setting.spec.selector),
        rules=tuple(_node_rules(observed, node, parts) for node, parts in rules.items()),
        ports=tuple(ServicePort(p.port, p.target_port, p.node_port, p.name) for p in setting.spec.ports),
    )


def _node_rules(observed: Observed, node: str, parts: Mapping[str, float]) -> NodeRules:
    uids = {pod.ip: pod.uid for pod in (*observed.expected, *observed.pods_afterwards)}
    return NodeRules(node, {uids.get(at.rpartition(":")[0], at): round(part, 6) for at, part in parts.items()})


def _rule(plan: LoadPlan) -> Rule:
    return Rule(
        law=plan.law.name,
        shares=dict(plan.law.shares),
        alpha=plan.alpha,
        beta=plan.beta,
        delta=plan.delta,
        look_every=plan.look_every,
        cap=plan.cap,
        errors_allowed=plan.errors_allowed,
        pick=plan.law.pick,
    )


def _pods(observed: Observed) -> Iterable[PodRecord]:
    """Yield the expected pods, then any other pod that was an endpoint or answered; each as it was seen last."""
    expected = {pod.uid: pod for pod in observed.expected}
    afterwards = {pod.uid: pod for pod in observed.pods_afterwards}
    answered = {row.uid: row for row in observed.reconciled.rows if not row.error}
    ready = {uid for reading in observed.endpoints for uid in reading.ready}
    for uid in (*expected, *sorted((answered.keys() | ready) - expected.keys())):
        pod = afterwards.get(uid) or expected.get(uid)
        if pod:
            note = pod.note if uid in afterwards else "gone at the end of the load"
            ports = tuple(ContainerPort(port, name) for port, name in pod.ports)
            yield PodRecord(
                *(uid, pod.name, pod.node, pod.ip, uid in expected, pod.owner, pod.labels, pod.created_at),
                note=note,
                ports=ports,
            )
        else:
            row = answered.get(uid)
            name, node = (row.pod, row.node) if row else (uid, "")
            yield PodRecord(uid, name, node, "", expected=False, owner="", labels={}, created_at="", note="no such pod")
