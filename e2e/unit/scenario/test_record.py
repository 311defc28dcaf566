from dataclasses import replace

from evenly.judge import Cause, Judgement, Verdict, uniform
from evenly.k8s.endpoints import Reading
from evenly.k8s.services import Port, Spec
from evenly.load.answer import ErrorKind
from evenly.load.client.reconcile import Reconciled
from evenly.load.plan import LoadPlan, Stopped, Summary
from evenly.results.schema import ContainerPort, FalseName, NodeRules, ServicePort
from evenly.scenario.record import Observed, Scenario, Setting, scenario_record
from unit.factories import lost, pod, row

T0_NS = 1_800_000_000_000_000_000


OBSERVED = Observed(
    scenario=Scenario("spread", "test_spread.py::test_spread", "Spread."),
    setting=Setting(
        service="spring-service",
        namespace="evenly-3f9c-spread",
        manifests=("backend.yaml",),
        target="127.0.0.1:30000",
        entry_node="control-plane",
        clients=20,
        locustfile="locustfiles/new_connection.py",
        converged=True,
        spec=Spec("None", "Cluster", {"app": "backend-app"}, (Port(8080, "http", 30000, ""),), "PreferSameZone"),
        near=frozenset({"b", "a"}),
    ),
    expected=(pod("a", ports=((8080, "http"),)), pod("b", ip="10.244.1.5")),
    pods_afterwards=(pod("a", ports=((8080, "http"),)), pod("stray", ip="10.244.1.6", owner="Deployment canary")),
    endpoints=(
        Reading(T0_NS - 1_500_000_000, frozenset({"b", "a"})),
        Reading(T0_NS + 250_000_000, frozenset({"a", "ready-only"})),
    ),
    summary=Summary(
        attempts=4,
        prelude=2,
        seconds=2.0,
        client_cpu_s=0.5,
        stalls=1,
        stopped=Stopped.DECIDED,
        locust_version="2.47.0",
        t0_ns=T0_NS,
        workers=2,
    ),
    reconciled=Reconciled(
        rows=(row(1, "a"), row(2, "stray"), row(3, "liar"), lost(4, ErrorKind.RESET)),
        logged={1: ("a",), 2: ("stray",)},
        discrepancies=("1 attempt is answered in the name of a pod that is not there: 3",),
    ),
    evidence=("evidence/spread/locust.html",),
)
PLAN = LoadPlan("run.1", uniform(["a", "b"]), cap=12_228)
RECORD = scenario_record(
    OBSERVED,
    Judgement(Verdict(Cause.UNEXPECTED_POD, 4, decided_at=2, pods=("stray", "liar")), looks=()),
    PLAN,
    control=Cause.UNEXPECTED_POD,
    seconds=3.14,
    rules={"control-plane": {"10.244.1.4:8080": 1 / 3, "10.9.9.9:8080": 2 / 3}},
)


def test_an_error_is_nobodys_answer() -> None:
    assert OBSERVED.answers == ("a", "stray", "liar", None)


def test_only_the_first_request_on_a_connection_is_a_choice() -> None:
    again = row(2, "b", request=2)
    kept = replace(OBSERVED, reconciled=replace(OBSERVED.reconciled, rows=(row(1, "b"), again, lost(3, ErrorKind.RESET))))
    assert kept.answers == ("b", None)
    assert [one.number for one in kept.choices] == [1, 3]


def test_every_pod_that_was_expected_ready_or_answered_is_recorded_once_with_what_is_known_of_it() -> None:
    assert [(p.uid, p.expected, p.note) for p in RECORD.pods] == [
        ("a", True, ""),
        ("b", True, "gone at the end of the load"),
        ("liar", False, "no such pod"),
        ("ready-only", False, "no such pod"),
        ("stray", False, ""),
    ]
    assert [p.owner for p in RECORD.pods if p.uid == "stray"] == ["Deployment canary"]


def test_readings_of_the_endpoints_count_from_the_first_attempt() -> None:
    assert [(reading.at_s, reading.ready) for reading in RECORD.endpoints] == [(-1.5, ("a", "b")), (0.25, ("a", "ready-only"))]


def test_what_explains_a_verdict_is_recorded_by_pod() -> None:
    assert (RECORD.selector, RECORD.ports) == ({"app": "backend-app"}, (ServicePort(8080, "http", 30000),))
    assert [p.ports for p in RECORD.pods if p.uid == "a"] == [(ContainerPort(8080, "http"),)]
    assert (RECORD.traffic_distribution, RECORD.near) == ("PreferSameZone", ("a", "b"))
    assert RECORD.rules == (NodeRules("control-plane", {"a": 0.333333, "10.9.9.9:8080": 0.666667}),)
    lie = replace(OBSERVED, reconciled=replace(OBSERVED.reconciled, logged={1: ("b",)}))
    told = scenario_record(lie, Judgement(Verdict(Cause.UNRECONCILED, 4), looks=()), PLAN, control=None, seconds=0)
    assert told.reconciliation.false_names == (FalseName("b", "a", 1),)


def test_the_books_and_the_load_are_recorded_as_they_were() -> None:
    assert RECORD.reconciliation.answered == {"a": 1, "stray": 1, "liar": 1}
    assert RECORD.reconciliation.errors == {"reset": 1}
    assert (RECORD.reconciliation.sent, RECORD.reconciliation.logged) == (4, 2)
    assert (RECORD.load.client_cpu_share, RECORD.load.stalls, RECORD.load.workers) == (0.25, 1, 2)
    assert (RECORD.rule.cap, RECORD.rule.look_every, RECORD.rule.shares) == (12_228, 100, {"a": 0.5, "b": 0.5})
    assert RECORD.caught


def test_a_load_that_was_over_at_once_has_no_share_of_the_cpu() -> None:
    at_once = replace(OBSERVED, summary=replace(OBSERVED.summary, seconds=0.0))
    record = scenario_record(at_once, Judgement(Verdict(None, 0), looks=()), PLAN, control=None, seconds=0)
    assert record.load.client_cpu_share == 0
