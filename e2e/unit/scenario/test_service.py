"""What an earlier load left does not spoil the next one: it is forgotten, by nodes and this machine, or given the time."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from evenly.cluster import Cluster, conntrack_flush
from evenly.errors import NotApplicableError
from evenly.judge.law import Law, round_robin, uniform
from evenly.k8s import services
from evenly.k8s.namespace import Namespace
from evenly.k8s.services import Spec
from evenly.load.client import preflight
from evenly.load.client.preflight import Limits
from evenly.load.plan import LoadPlan
from evenly.progress import Progress
from evenly.scenario import sender
from evenly.scenario.record import Scenario
from evenly.scenario.service import ServiceUnderTest
from evenly.scenario.testbed import Bench
from evenly.settings import Settings

EVEN = uniform("ab")
THEIRS = Cluster("theirs", "theirs", Path("config"), (), "", "theirs", kept=True)
OURS = replace(THEIRS, kind=cast("Any", object()))


@pytest.mark.parametrize(
    ("cluster", "errors", "waits"),
    [
        (THEIRS, ["refused", "time-out in connect"], 1),
        (THEIRS, ["time-out in response"], 1),
        (THEIRS, ["refused"], 0),
        (THEIRS, [], 0),
        (OURS, ["time-out in connect"], 0),
    ],
)
def test_only_nodes_that_nobody_gets_onto_are_given_the_time_and_only_before_another_load(
    simulate: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, cluster: Cluster, errors: list[str], waits: int
) -> None:
    monkeypatch.setattr(conntrack_flush, "FORGOTTEN_AFTER_S", 0.1)
    run = SimpleNamespace(progress=Progress(), add=lambda *_: None)
    bench = Bench(cluster, cast("Any", None), cast("Any", run), cast("Any", None))
    first, second = (ServiceUnderTest(bench, Scenario(name, test="test_it", claim="It."), ()) for name in ("first", "second"))
    first._added(simulate(errors=errors).record, cast("Any", SimpleNamespace(books=None)))
    assert run.progress.steps == []
    for _ in range(2):
        second._await_forgotten()
    assert [step.seconds > 0.05 for step in run.progress.steps] == [True] * waits


@pytest.mark.parametrize(
    ("free", "waits", "rate_per_s"),
    [([200_000], 0, 800.0), ([90_000, 90_000, 200_000], 1, 800.0), ([20_000, 200_000], 1, 800.0), ([90_000], 1, 174.5)],
    ids=["has room", "has it later", "has little, and room later", "never has it"],
)
def test_a_load_under_changes_waits_for_room_at_its_own_rate_and_only_then_goes_slower(
    monkeypatch: pytest.MonkeyPatch, free: list[int], waits: int, rate_per_s: float
) -> None:
    looks = iter(free)
    limits = [0]

    def read_limits() -> Limits:
        limits[0] = next(looks, limits[0])
        return Limits(ports=28_232, files=20_000, tracked_free=limits[0])

    monkeypatch.setattr(preflight, "read_limits", read_limits)
    monkeypatch.setattr(sender, "until", partial(until_at_once, time_limit=5))
    run = SimpleNamespace(progress=Progress())
    spread = ServiceUnderTest(
        Bench(OURS, cast("Any", None), cast("Any", run), cast("Any", None)), Scenario("it", test="test_it", claim="It."), ()
    )
    plan = LoadPlan.lasting("run.1", uniform("abc"), rate_per_s=800, limit_s=45)
    spread._await_room(plan, clients=200)
    assert len(run.progress.steps) == waits
    assert spread._paced(plan, clients=200).rate_per_s == pytest.approx(rate_per_s, abs=0.1)


def until_at_once(condition: Callable[[], bool], *, time_limit: int, limit_s: float, every_s: float) -> bool:
    assert limit_s > 120 > every_s, "an entry stays for two minutes"
    return any(condition() for _ in range(time_limit))


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
    spec = Spec("None", "Cluster", {}, (), internal_traffic_policy="Cluster")
    monkeypatch.setattr(services, "read", lambda *_: replace(spec, **said))
    bench = Bench(OURS, cast("Any", None), cast("Any", None), Settings(workers_in_cluster=workers))
    spread = ServiceUnderTest(bench, Scenario("first", test="test_it", claim="It."), (), client_pods=client_pods)
    spread._service, spread._namespace = "shop", Namespace(cast("Any", None), "shop")
    assert spread._pods_send(law.pick) is (who == "pods")


def test_on_a_cluster_of_the_users_worker_pods_are_not_applicable() -> None:
    bench = Bench(THEIRS, cast("Any", None), cast("Any", None), Settings(workers_in_cluster=2))
    with pytest.raises(NotApplicableError, match="evenly did not make theirs: no pods of evenly's send a load in it"):
        bench.worker_image.in_nodes(THEIRS, bench.api, bench.settings, bench.run)
