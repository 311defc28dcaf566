"""The record of a run, result.json: everything but the samples that a report is made from.

Times are seconds since the load's first attempt started, unless they carry a date. Pods are known by UID.
It is one module, however long: all that a reader of result.json has to know, from its smallest type to the whole run.
"""

from dataclasses import dataclass, field

from evenly.judge.law import Pick
from evenly.judge.verdict import Cause, Verdict, Word

SCHEMA_VERSION = 1
NEW_CONNECTION = "locustfiles/new_connection.py"


@dataclass(frozen=True, slots=True)
class ContainerPort:
    """A port that a container says it listens on; ``name`` is "" where it has none."""

    port: int
    name: str = ""


@dataclass(frozen=True, slots=True)
class ServicePort:
    """A port of a Service; ``target_port`` is a number, or the name of a container's port. ``node_port`` is 0 without one."""

    port: int
    target_port: str
    node_port: int = 0
    name: str = ""


@dataclass(frozen=True, slots=True)
class NodeRules:
    """What part of new connections a node's own rules for the Service give to each pod (UID), as read off after the load.

    What no rule takes is nobody's: the shares may sum to less than 1. An address that is no known pod's stands for itself.
    """

    node: str
    shares: dict[str, float]


@dataclass(frozen=True, slots=True)
class PodRecord:
    """A pod that was expected, ready in an EndpointSlice, or answered."""

    uid: str
    name: str
    node: str
    ip: str
    expected: bool
    owner: str  # "Deployment backend-app", "" for a pod that nobody owns
    labels: dict[str, str]
    created_at: str  # ISO 8601, UTC
    note: str  # what the cluster says about it when it is not simply ready: "not ready: readiness probe failed: 503"
    ports: tuple[ContainerPort, ...] = ()  # what its containers declare


@dataclass(frozen=True, slots=True)
class EndpointsReading:
    """The ready pods (UIDs, sorted) in the Service's EndpointSlices from ``at_s`` on, until the next reading that differs."""

    at_s: float
    ready: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LookRecord:
    """Both tallies after the first ``connections`` attempts, natural logarithms: ln(min LR) for even, ln E for uneven."""

    connections: int
    ln_even: float
    ln_uneven: float


@dataclass(frozen=True, slots=True)
class Rule:
    """The decision rule as declared: error rates, the smallest deviation to catch (a share, 0.05 = 5 points), the schedule."""

    law: str  # "uniform random"
    shares: dict[str, float]  # by pod UID; sums to 1
    alpha: float
    beta: float
    delta: float
    look_every: int
    cap: int
    errors_allowed: int = 0
    pick: Pick = Pick.INDEPENDENT


@dataclass(frozen=True, slots=True)
class LoadRecord:
    """How the load was sent and what the client's machine had to say about it."""

    target: str  # "127.0.0.1:30000"
    entry_node: str  # "evenly-...-control-plane"; "" when unknown
    clients: int
    attempts: int
    seconds: float  # first start to last end
    client_cpu_share: float  # of one CPU, 0 to 1 for each process
    stalls: int  # attempts that took 1 s or more: SYN retransmits
    locust_version: str
    prelude: int = 0  # attempts at the beginning that were made one after the other
    held_s: float = 0.0  # how long the load went on after PASS
    rate_per_s: float = 0.0  # at which attempts were meant to start; 0 where clients made them as fast as they could
    locustfile: str = NEW_CONNECTION
    workers: int = 1  # processes that sent it together
    bottlenecks: tuple[str, ...] = ()  # what held it up beside the Service: a sentence each
    identified_by: str = ""  # what names the pod in an answer of somebody else's backend, of which no logs were read

    @property
    def may_reuse(self) -> bool:
        """Whether a connection may carry several requests."""
        return self.locustfile != NEW_CONNECTION


@dataclass(frozen=True, slots=True)
class FalseName:
    """So many answers of the pod ``of``, as its log proves, that named the pod ``named`` (UIDs)."""

    of: str
    named: str
    answers: int


@dataclass(frozen=True, slots=True)
class ReconciliationRecord:
    """The client's ledger beside the pods' own logs."""

    sent: int
    answered: dict[str, int]  # by pod UID, as the answers say
    errors: dict[str, int]  # by kind
    logged: int  # attempts found in exactly one pod's log, once
    discrepancies: tuple[str, ...]  # each a sentence that names ids; empty where ledger and logs agree
    false_names: tuple[FalseName, ...] = ()


@dataclass(frozen=True, slots=True)
class EpochRecord:
    """The part of a load from one change of its pods to the next.

    First comes a transition, from ``from_s`` on, in which rules and pods are catching up; then, from ``settled_s`` on, a
    sample that is judged against equal shares for ``pods``. Attempts ``first`` to ``last`` are the sample; it is empty, and
    ``settled_s`` None, where the transition never ended. ``even_s`` is when the rule said even, None if it never did.
    """

    change: str  # what was done at its beginning: "scale to 5"; "" for the first one
    from_s: float
    settled_s: float | None
    even_s: float | None
    to_s: float
    first: int
    last: int
    pods: tuple[str, ...]  # UIDs
    counts: dict[str, int]  # answers in the sample, by UID
    lost: dict[str, int]  # attempts without an answer, in transition and sample, by kind
    word: Word
    judged: bool = False  # whether the scenario's verdict, looks and shares are of this epoch's sample
    lost_by: dict[str, int] = field(default_factory=dict)  # those of the lost that a pod's log has, by UID

    @property
    def fair_after_s(self) -> float | None:
        """Time to fair share: from the change until its pods, all of them and no others, answer without an error."""
        return None if self.settled_s is None else self.settled_s - self.from_s


@dataclass(frozen=True, slots=True)
class ScenarioRecord:
    """One load and its verdict."""

    name: str  # "three_pods_share_evenly"
    test: str  # pytest node id
    claim: str  # one sentence
    control: Cause | None  # the cause that must come out, for a negative control
    service: str
    namespace: str
    manifests: tuple[str, ...]
    rule: Rule
    load: LoadRecord
    pods: tuple[PodRecord, ...]
    endpoints: tuple[EndpointsReading, ...]
    converged: bool  # endpoints, roll-out and answers agreed before the load started
    looks: tuple[LookRecord, ...]
    reconciliation: ReconciliationRecord
    verdict: Verdict
    seconds: float  # from apply to verdict
    evidence: tuple[str, ...]  # files beside the page, relative to the run's folder
    session_affinity: str = ""  # the Service's own word, "None" or "ClientIP"; "" when it was not read
    external_traffic_policy: str = ""  # the Service's own word, "Cluster" or "Local"; "" when it was not read
    traffic_distribution: str = ""  # the Service's own word, such as "PreferSameZone"; "" without one
    near: tuple[str, ...] = ()  # the pods (UIDs) that it therefore prefers for the entry; none: it sends to all
    selector: dict[str, str] = field(default_factory=dict)  # the Service's; empty when it was not read
    ports: tuple[ServicePort, ...] = ()  # the Service's; empty when they were not read
    rules: tuple[NodeRules, ...] = ()  # of the entry first; empty when they were not read
    epochs: tuple[EpochRecord, ...] = ()  # of a load during which the pods changed
    unread: dict[str, int] = field(default_factory=dict)  # answers by pod that its log lacks, because it had gone

    @property
    def judged(self) -> range | None:
        """The attempts that verdict and shares rest on, where those are not all."""
        return next((range(epoch.first, epoch.last + 1) for epoch in self.epochs if epoch.judged), None)

    @property
    def lost(self) -> int:
        """How many attempts had no answer."""
        return sum(self.reconciliation.errors.values())

    @property
    def caught(self) -> bool:
        """Whether this is a control and came out exactly as declared."""
        return self.control is not None and self.verdict.cause is self.control

    @property
    def contributes(self) -> Word:
        """What the scenario adds to the run's verdict: a control counts PASS when caught, FAIL when missed."""
        if self.control is None:
            return self.verdict.word
        return Word.PASS if self.caught else Word.FAIL


@dataclass(frozen=True, slots=True)
class ErrorRecord:
    """A test that ended before it could judge, or could not take everything away: what happened, and what to do."""

    test: str  # pytest node id
    problem: str
    remedy: str


@dataclass(frozen=True, slots=True)
class TargetRecord:
    """An address ("ip:port") that a node's rule turns connections to, and the pod there; "" where it is no known pod's."""

    address: str
    pod: str  # its name
    node: str
    share: float | None  # of new connections, that the rule gives it; None where no chance decides
    taken: bool  # whether the request went there, or may have


@dataclass(frozen=True, slots=True)
class HopRecord:
    """A place on the way of a request, the address that it had there, and from where to where it went."""

    place: str  # "client", "node", "rule", "pod", "back", "answer"
    at: str  # "127.0.0.1:30000"
    way: str  # "172.18.0.1:41234 -> 172.18.0.3:30000"


@dataclass(frozen=True, slots=True)
class PathRecord:
    """The way of one request: the hops that its witnesses agree on, in order, and why it went no further, or ""."""

    node: str
    service: str  # "spring-service:http", with the name of the Service's port
    hops: tuple[HopRecord, ...]
    targets: tuple[TargetRecord, ...]  # in the order of the rule
    seen_client: str  # the host that the pod took for its client; "" without an answer
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Attachment:
    """What a test shows as a person would see it: a transcript under a title, and the request path that it tells of."""

    title: str
    text: str
    path: PathRecord | None = None


@dataclass(frozen=True, slots=True)
class TestRecord:
    """A test that has ended: PASS, FAIL for an assertion that failed, INVALID for an error, None where it is not applicable."""

    __test__ = False  # pytest is not to collect it

    test: str  # pytest node id
    claims: tuple[int, ...]  # of the tutorial, that it shows; in order
    sentence: str  # what it says of Services
    word: Word | None
    seconds: float  # with its own set-up and clean-up, without what the whole run shares
    attachments: tuple[Attachment, ...]
    problem: str = ""  # what the assertion that failed said, or why it is not applicable

    @property
    def name(self) -> str:
        """Its name without the file: "three_pods_share_evenly"."""
        return self.test.partition("::")[2].removeprefix("test_") or self.test


@dataclass(frozen=True, slots=True)
class RunRecord:
    """A whole run: ``reports/<run-id>/result.json``."""

    run_id: str  # "2026-11-24T0214-3f9c"
    started_at: str  # ISO 8601, UTC
    command: str  # repeats this run: "make e2e SUITE=core"
    environment: dict[str, str]  # label -> text, in order of display: Cluster, Kubernetes, Host, Load, ...
    steps: tuple[tuple[str, float], ...]  # name, seconds
    scenarios: tuple[ScenarioRecord, ...]
    errors: tuple[ErrorRecord, ...] = ()
    tests: tuple[TestRecord, ...] = ()
    schema_version: int = SCHEMA_VERSION

    @property
    def word(self) -> Word:
        """The worst word: FAIL, then INVALID, then INCONCLUSIVE; an error counts INVALID, and a run that shows nothing."""
        words = {one.contributes for one in self.scenarios} | {one.word for one in self.tests}
        words |= {Word.INVALID} if self.errors or self.none_applicable else set()
        return next((w for w in (Word.FAIL, Word.INVALID, Word.INCONCLUSIVE, Word.PASS) if w in words), Word.INVALID)

    @property
    def without_scenario(self) -> tuple[TestRecord, ...]:
        """The tests of which neither a load nor an error tells: without a load, or failed after loads that came out well."""
        told: dict[str, set[Word]] = {error.test: {Word.INVALID} for error in self.errors}
        for scenario in self.scenarios:
            told.setdefault(scenario.test, set()).add(scenario.contributes)
        applicable = (one for one in self.tests if one.word)
        return tuple(one for one in applicable if one.test not in told or one.word not in {Word.PASS, *told[one.test]})

    @property
    def not_applicable(self) -> tuple[TestRecord, ...]:
        """The tests about something that the cluster has not, or keeps to itself."""
        return tuple(one for one in self.tests if one.word is None)

    @property
    def none_applicable(self) -> bool:
        """Whether no test that has ended is applicable to the cluster, whatever came of their loads."""
        return bool(self.tests) and not any(one.word for one in self.tests)

    @property
    def seconds(self) -> tuple[tuple[str, float], ...]:
        """How long each test took, with its loads; a load whose test has not ended stands for itself."""
        ended = {one.test for one in self.tests}
        loads = tuple((one.name, one.seconds) for one in self.scenarios if one.test not in ended)
        return (*((one.name, one.seconds) for one in self.tests), *loads)
