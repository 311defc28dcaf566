"""When a change is told to the load that is on, and what a scenario cannot do in a cluster that was not made here."""

import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from evenly.cluster import Cluster
from evenly.errors import NotApplicableError
from evenly.k8s import changes
from evenly.scenario.changing import Changing
from evenly.scenario.record import Scenario


@pytest.fixture
def spread() -> Changing:
    bench = SimpleNamespace(api=None, cluster=Cluster("theirs", "theirs", Path("config"), (), "", "theirs", kept=True))
    return Changing(cast("Any", bench), Scenario("it", test="test_it", claim="It."), ())


def test_kube_proxy_of_somebodys_cluster_is_not_restarted(spread: Changing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changes, "kube_proxy", lambda _: frozenset({"uid"}))
    monkeypatch.setattr(changes, "delete_kube_proxy", lambda _: pytest.fail("it was deleted"))
    with pytest.raises(NotApplicableError, match="evenly did not make theirs: its kube-proxy is not restarted"):
        spread.restart_kube_proxy()


def test_pods_that_are_all_on_one_node_are_not_apart(spread: Changing) -> None:
    together = (SimpleNamespace(node="one"), SimpleNamespace(node="one"))
    spread._service = "spring-service"
    spread._settled = cast("Any", SimpleNamespace(expected=(*together, SimpleNamespace(node="two"))))
    spread.check_apart()
    spread._settled = cast("Any", SimpleNamespace(expected=together))
    with pytest.raises(NotApplicableError, match="all pods of spring-service are on one"):
        spread.check_apart()


@pytest.mark.parametrize(("heard_after_s", "done"), [(-1.0, "made"), (3600.0, "heard")])
def test_a_change_is_done_once_it_was_made_and_the_watch_has_heard_of_it(
    spread: Changing, monkeypatch: pytest.MonkeyPatch, heard_after_s: float, done: str
) -> None:
    told: list[Any] = []
    heard_ns = time.monotonic_ns() + round(heard_after_s * 1e9)
    spread._under_load = cast("Any", SimpleNamespace(changed=told.append))
    spread._endpoints = cast("Any", SimpleNamespace(since_ns=heard_ns))
    spread._namespace = cast("Any", None)
    spread._settled = cast("Any", SimpleNamespace(expected=(SimpleNamespace(uid="a"), SimpleNamespace(uid="b"))))
    monkeypatch.setattr(changes, "make_unready", lambda *_: None)
    spread.make_unready(spread.pods[0])
    (change,) = told
    assert change.pods == spread.pods[1:]
    assert (change.done_ns == heard_ns) is (done == "heard")
    assert change.asked_ns <= change.done_ns
