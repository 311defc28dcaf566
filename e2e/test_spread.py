"""A NodePort Service spreads new connections evenly over its ready pods."""

import pytest

from evenly import FAIL, INVALID, PASS, Cause

pytestmark = pytest.mark.core


def test_three_pods_share_evenly(service):
    assert service("spring-service.yaml").load() == PASS


def test_a_stray_pod_is_caught(service):
    outcome = service("spring-service.yaml", also="stray-pod.yaml").load(control=Cause.UNEXPECTED_POD)
    assert outcome == FAIL
    assert outcome.cause is Cause.UNEXPECTED_POD


def test_an_unready_pod_is_named(service):
    spread = service("spring-service.yaml")
    gone = spread.pods[0]
    spread.make_unready(gone)
    outcome = spread.load(control=Cause.ENDPOINTS)
    assert outcome == INVALID
    assert outcome.named == (gone.name,)
