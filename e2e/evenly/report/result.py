"""The record of a run, result.json: everything but the samples that a report is made from.

Times are seconds since the load's first attempt started, unless they carry a date. Pods are known by UID.
"""

from dataclasses import dataclass

from evenly.judge.verdict import Cause, Verdict, Word

SCHEMA_VERSION = 1


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


@dataclass(frozen=True, slots=True)
class LoadRecord:
    """How the load was sent and what the client's machine had to say about it."""

    target: str  # "127.0.0.1:30000"
    entry_node: str  # "evenly-...-control-plane"; "" when unknown
    clients: int
    attempts: int
    seconds: float  # first start to last end
    client_cpu_share: float  # of one CPU, 0 to 1
    stalls: int  # attempts that took 1 s or more: SYN retransmits
    locust_version: str
    prelude: int = 0  # attempts at the beginning that were made one after the other


@dataclass(frozen=True, slots=True)
class BooksRecord:
    """The client's ledger beside the pods' own logs."""

    sent: int
    answered: dict[str, int]  # by pod UID, as the answers say
    errors: dict[str, int]  # by kind
    logged: int  # attempts found in exactly one pod's log, once
    discrepancies: tuple[str, ...]  # each a sentence that names ids; empty when the books balance


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
    books: BooksRecord
    verdict: Verdict
    seconds: float  # from apply to verdict
    evidence: tuple[str, ...]  # files beside the page, relative to the run's folder
    session_affinity: str = ""  # the Service's own word, "None" or "ClientIP"; "" when it was not read
    external_traffic_policy: str = ""  # the Service's own word, "Cluster" or "Local"; "" when it was not read

    @property
    def caught(self) -> bool:
        """Whether this is a control and came out exactly as declared."""
        return self.control is not None and self.verdict.cause is self.control

    @property
    def counts_as(self) -> Word:
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
class RunRecord:
    """A whole run: ``reports/<run-id>/result.json``."""

    run_id: str  # "2026-11-24T0214-3f9c"
    started_at: str  # ISO 8601, UTC
    command: str  # repeats this run: "make e2e SUITE=core"
    environment: dict[str, str]  # label -> text, in order of display: Cluster, Kubernetes, Host, Load, ...
    steps: tuple[tuple[str, float], ...]  # name, seconds
    scenarios: tuple[ScenarioRecord, ...]
    errors: tuple[ErrorRecord, ...] = ()
    schema_version: int = SCHEMA_VERSION

    @property
    def word(self) -> Word:
        """The worst word: FAIL, then INVALID, then INCONCLUSIVE; an error counts INVALID, and so does an empty run."""
        words = {scenario.counts_as for scenario in self.scenarios} | ({Word.INVALID} if self.errors else set())
        return next((w for w in (Word.FAIL, Word.INVALID, Word.INCONCLUSIVE, Word.PASS) if w in words), Word.INVALID)
