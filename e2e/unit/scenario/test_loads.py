"""What a load is sent by, what its law is about, and what is noted of it and of the changes under it."""

import time
from contextlib import suppress
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

from evenly.errors import EvenlyError, NotApplicableError
from evenly.judge.law import Law, absent, grouped, round_robin, uniform
from evenly.k8s import services
from evenly.k8s.endpoints import Reading
from evenly.k8s.namespace import Namespace
from evenly.k8s.services import Port, Spec
from evenly.load.answer import ErrorKind
from evenly.load.client.process import NEW_CONNECTION
from evenly.load.plan import LoadPlan
from evenly.load.rows import Row
from evenly.scenario import loads as module
from evenly.scenario.loads import Loads, recorded
from evenly.scenario.record import Scenario
from evenly.scenario.sender import Order
from evenly.scenario.target import ServiceRef
from evenly.settings import Settings
from unit.factories import lost, pod, row, simulate
from unit.fakes import Endpoints, FakeTarget, Nodes, a_testbed

SPEC = Spec("None", "Cluster", {}, (), internal_traffic_policy="Cluster")
REF = ServiceRef(Namespace(None, "shop"), "shop", Port(8080, "8080", 30000, ""))
IT = Scenario("it", test="test_it", claim="It.")
EVEN = uniform("ab")


class Asked(Exception):  # noqa: N818 - no error: what the load was ordered as
    """Ends a load before it begins, with what it would have been."""

    def __init__(self, order: Order, plan: LoadPlan) -> None:
        self.order, self.plan = order, plan


class FakeSender:
    """Plays a sender that sends nothing, and tells what it was to send."""

    def check(self, plan: LoadPlan, order: Order) -> None:
        raise Asked(order, plan)


@pytest.fixture(autouse=True)
def spec(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "read", lambda *_: SPEC)
    monkeypatch.setattr(module, "in_namespace", lambda _: tuple(map(pod, "abcd")))
    monkeypatch.setattr(ServiceRef, "inside", lambda _: SimpleNamespace(name="shop.svc:8080"))


def loads(target: FakeTarget, **settings: Any) -> Loads:  # noqa: ANN401 - each of its own type
    target.ref = REF
    bed = a_testbed(Nodes(), settings=Settings(**settings))
    return Loads(bed, IT, target, cast("Any", FakeSender()), began_s=0.0)


def ordered(target: FakeTarget, law: Law | None = None, **settings: Any) -> Asked:  # noqa: ANN401 - each of its own type
    with pytest.raises(Asked) as asked:
        loads(target, **settings).send(law=law)
    return asked.value


@pytest.mark.parametrize(
    ("workers", "client_pods", "law", "said", "who"),
    [
        (2, 0, EVEN, {}, "pods"),
        (0, 0, EVEN, {}, "one client"),
        (2, 1, EVEN, {}, "one client"),
        (2, 0, round_robin("ab"), {}, "one client"),
        (2, 0, EVEN, {"session_affinity": "ClientIP"}, "one client"),
        (2, 0, EVEN, {"external_traffic_policy": "Local"}, "one client"),
        (2, 0, EVEN, {"internal_traffic_policy": "Local"}, "one client"),
        (2, 0, EVEN, {"traffic_distribution": "PreferSameZone"}, "one client"),
    ],
)
def test_pods_send_what_is_the_same_wherever_its_clients_are(  # noqa: PLR0913, PLR0917 - a case, and its place
    monkeypatch: pytest.MonkeyPatch, workers: int, client_pods: int, law: Law, said: dict[str, Any], who: str
) -> None:
    monkeypatch.setattr(services, "read", lambda *_: replace(SPEC, **said))
    target = FakeTarget(clients=(pod("c"),) * client_pods)
    asked = ordered(target, law, workers_in_cluster=workers)
    assert asked.order.in_cluster is (who == "pods")
    assert asked.plan.target == ("shop.svc:8080" if who == "pods" else "")


@pytest.mark.parametrize(
    ("why_new", "locustfile"), [("", "mine.py"), ("they must be", NEW_CONNECTION)], ids=["any", "new connections only"]
)
def test_the_runs_own_locustfile_is_sent_where_the_service_bears_it(why_new: str, locustfile: str) -> None:
    assert ordered(FakeTarget(new_connections_only=why_new), locustfile="mine.py").order.locustfile == locustfile


def test_a_locustfile_where_each_request_needs_a_connection_of_its_own_is_refused() -> None:
    with pytest.raises(EvenlyError, match="they must be new, whatever locustfiles/keep_alive"):
        loads(FakeTarget(new_connections_only="they must be new")).send(locustfile="locustfiles/keep_alive.py")


A, B, C, D = map(pod, "abcd")


@pytest.mark.parametrize(
    "law",
    [
        uniform("abc"),
        uniform(["pod-a", "pod-b", "pod-c"]),
        uniform([A, B, C]),
        grouped((1, ["pod-a", B, "c"]), (0, [])),
    ],
    ids=["uids", "names", "pods", "all of them"],
)
def test_a_law_is_over_pods_their_names_or_their_uids(law: Law) -> None:
    assert dict(ordered(FakeTarget(), law).plan.law.shares) == {"a": 1 / 3, "b": 1 / 3, "c": 1 / 3}


def test_a_law_may_say_that_a_pod_beside_the_expected_ones_gets_nothing() -> None:
    assert ordered(FakeTarget(), absent([A, B, C], without=["pod-d"])).plan.law.shares["d"] == 0


def test_a_law_over_a_pod_that_there_is_not_is_refused_before_anything_is_sent() -> None:
    with pytest.raises(EvenlyError, match=r"gives a share to shop-1, and there is no such pod in shop\n.*pod-a, pod-b, pod-c"):
        loads(FakeTarget()).send(law=uniform(["pod-a", "shop-1"]))


@pytest.mark.parametrize(
    ("errors", "losses"), [(["time-out in connect"], 1), (["refused", "time-out in response"], 1), (["refused"], 0), ([], 0)]
)
def test_what_nodes_go_on_losing_is_noted(errors: list[str], losses: int) -> None:
    nodes = Nodes()
    report = SimpleNamespace(answers=[SimpleNamespace(lines=())], page="")
    run = SimpleNamespace(add=lambda *_: None, report=report)
    recorded(a_testbed(nodes, run=run), simulate(errors=errors).record, cast("Any", SimpleNamespace(reconciled=None)))
    assert nodes.losses == losses


@pytest.mark.parametrize(("heard_after_s", "done"), [(-1.0, "made"), (3600.0, "heard")])
def test_a_change_is_done_once_it_was_made_and_the_watch_has_heard_of_it(
    monkeypatch: pytest.MonkeyPatch, heard_after_s: float, done: str
) -> None:
    told: list[Any] = []
    heard_ns = time.monotonic_ns() + round(heard_after_s * 1e9)
    target = FakeTarget(endpoints=Endpoints([Reading(heard_ns, frozenset("abc"))]))
    monkeypatch.setattr(module, "UnderLoad", lambda *_: SimpleNamespace(changed=told.append))
    sends = SimpleNamespace(check=lambda *_: None, get=lambda _: None)
    bed = a_testbed(Nodes(), settings=Settings())
    under = Loads(bed, IT, target, cast("Any", sends), began_s=0.0)
    with suppress(NotApplicableError), under.sustain():
        with under.change("a pod not ready", without="a"):
            pass
        raise NotApplicableError("that is enough", "")  # such a load is neither judged nor recorded
    (change,) = told
    assert change.pods == target.settled.expected[1:]
    assert (change.done_ns == heard_ns) is (done == "heard")
    assert change.asked_ns <= change.done_ns


@pytest.mark.parametrize(
    ("rows", "forgotten"),
    [([row(1)], []), ([row(1), lost(2, ErrorKind.RESET)], [(("one",), 30000)])],
    ids=["all well", "a loss"],
)
def test_a_load_under_changes_is_judged_at_its_end_and_then_it_is_over(
    monkeypatch: pytest.MonkeyPatch, rows: list[Row], forgotten: list[object]
) -> None:
    told: list[Any] = []
    judged: list[object] = []
    end = {"end": lambda: None, "recorded": judged.append, "others_changed_pods": False}
    load = SimpleNamespace(changed=told.append, changes=(), **end)
    observed = SimpleNamespace(reconciled=SimpleNamespace(rows=rows))
    monkeypatch.setattr(module, "UnderLoad", lambda *_: load)
    monkeypatch.setattr(module, "observe", lambda *_: observed)
    monkeypatch.setattr(module, "changed_record", lambda *_: None)
    monkeypatch.setattr(module, "recorded", lambda *_: "the outcome")
    sends = SimpleNamespace(check=lambda *_: None, get=lambda _: SimpleNamespace(meeting=None))
    nodes = Nodes()
    under = Loads(a_testbed(nodes), IT, FakeTarget(), cast("Any", sends), began_s=0.0)
    with under.sustain(), under.change("under load"):
        pass
    with under.change("afterwards"):
        pass
    assert judged == ["the outcome"]
    assert [change.name for change in told] == ["under load"]
    assert nodes.forgotten == forgotten


@pytest.mark.parametrize(("others_changed_pods", "settles"), [(True, [" 0"]), (False, [])])
def test_after_others_have_changed_the_pods_they_settle_again_before_the_next_load(
    monkeypatch: pytest.MonkeyPatch, settles: list[str], *, others_changed_pods: bool
) -> None:
    end = {"end": lambda: None, "recorded": lambda _: None, "others_changed_pods": others_changed_pods}
    monkeypatch.setattr(module, "UnderLoad", lambda *_: SimpleNamespace(changes=(), **end))
    monkeypatch.setattr(module, "observe", lambda *_: SimpleNamespace(reconciled=SimpleNamespace(rows=[])))
    monkeypatch.setattr(module, "changed_record", lambda *_: None)
    monkeypatch.setattr(module, "recorded", lambda *_: "the outcome")
    sends = SimpleNamespace(check=lambda *_: None, get=lambda _: SimpleNamespace(meeting=None))
    target = FakeTarget()
    under = Loads(a_testbed(Nodes()), IT, target, cast("Any", sends), began_s=0.0)
    for _ in range(2):
        with under.sustain():
            pass
    assert target.settles == settles
