"""What a scenario cannot do in a cluster that was not made here: change what is not its Service's, or have nodes it has not."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from evenly.changing import Changing
from evenly.cluster import Cluster
from evenly.errors import NotApplicableError
from evenly.observed import Scenario
from evenly.workload import changes


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
