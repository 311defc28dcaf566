"""A NodePort Service spreads new connections evenly over its ready pods."""

import pytest

from evenly import FAIL, INVALID, PASS, Cause


@pytest.mark.core
@pytest.mark.claim(1, 2, 7)
def test_three_pods_share_evenly(service):
    assert service("spring-service.yaml").load() == PASS


@pytest.mark.claim(1, 9)
@pytest.mark.usefixtures("several_nodes")
def test_every_node_spreads_evenly(service):
    svc = service("spring-service.yaml")
    for node in svc.nodes[1:]:
        assert svc.load(through=node) == PASS


@pytest.mark.claim(1, 2)
def test_more_and_fewer_pods_share_evenly(service):
    svc = service("spring-service.yaml")
    for replicas in (5, 2, 10):
        svc.scale(replicas)
        assert len(svc.pods) == replicas
        assert svc.load() == PASS


def test_a_second_service_takes_the_place_of_the_first(service):
    first, second = (service("spring-service.yaml") for _ in range(2))
    assert first.home != second.home
    assert second.load() == PASS


@pytest.mark.claim(1)
def test_kept_connections_spread_evenly_too(service):
    assert service("spring-service.yaml").load(locustfile="locustfiles/keep_alive.py") == PASS


@pytest.mark.core
@pytest.mark.claim(7)
def test_a_stray_pod_is_caught(service):
    outcome = service("spring-service.yaml", also="stray-pod.yaml").load(must_catch=Cause.UNEXPECTED_POD)
    assert outcome == FAIL
    assert outcome.cause is Cause.UNEXPECTED_POD


@pytest.mark.core
@pytest.mark.claim(7)
def test_an_unready_pod_is_named(service):
    svc = service("spring-service.yaml")
    gone = svc.pods[0]
    svc.make_unready(gone)
    outcome = svc.load(must_catch=Cause.ENDPOINTS)
    assert outcome == INVALID
    assert outcome.named == (gone.name,)
