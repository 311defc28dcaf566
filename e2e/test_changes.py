"""Pods come and go under load: clients keep the Service's address, lose nothing, and soon reach all pods evenly again."""

import pytest

from evenly import FAIL, PASS, Cause

KEEP_ALIVE, KEEP_OPEN = "locustfiles/keep_alive.py", "locustfiles/keep_open.py"
FAIR_LIMIT_S = 20  # new pods usually start in 2 to 4 s, those that go are out of all rules within 2 s

MANY = 1400  # clients: a third of 800 attempts a second hang for 5 s each
LOST_BY_A_PAUSE = 2700  # a third of 800 a second, for 10 s: those that began more than 5 s, a client's patience, before its end
LOST_BY_A_KILL = 2700  # the same, for the 1 to 4 s, on a bad day more, until the kubelet has started the program again


@pytest.mark.claim(3)
def test_pods_are_replaced_and_nothing_is_lost(service):
    svc = service("spring-service.yaml")
    address, before = svc.address, {pod.ip for pod in svc.pods}
    with svc.under_load() as load:
        load.until_even()
        svc.replace_pods()
        load.until_even()
    assert load.outcome == PASS
    assert load.lost == 0
    assert load.unread == 0
    assert svc.address == address
    assert before.isdisjoint(pod.ip for pod in svc.pods)


@pytest.mark.claim(3)
def test_a_careless_deployment_loses_some(service):
    svc = service("spring-service.yaml", backend="careless.yaml")
    with svc.under_load(must_catch=Cause.ERRORS) as load:
        svc.replace_pods()
    assert load.outcome == FAIL
    assert load.outcome.cause is Cause.ERRORS
    assert load.lost > 0


@pytest.mark.claim(1, 2)
def test_more_and_fewer_pods_share_evenly_under_load(service):
    svc = service("spring-service.yaml")
    with svc.under_load() as load:
        load.until_even()
        for replicas in (5, 2):
            svc.scale(replicas)
            load.until_even()
    assert load.outcome == PASS
    assert [len(epoch.pods) for epoch in load.epochs] == [3, 5, 2]
    assert all(epoch.fair_after_s < FAIR_LIMIT_S for epoch in load.epochs)


@pytest.mark.claim(3)
def test_a_killed_pod_costs_a_moment(service):
    svc = service("spring-service.yaml")
    with svc.under_load(lost_allowed=LOST_BY_A_KILL) as load:
        load.until_even()
        svc.kill(svc.pods[0])
        load.until_even()
    assert load.outcome == PASS
    assert 0 < load.lost == sum(load.epochs[-1].lost.values())


@pytest.mark.claim(1)
def test_a_paused_node_costs_what_its_pods_do_not_answer_in_time(service):
    svc = service("spring-service.yaml")
    svc.check_apart()
    alone = next(pod for pod in svc.pods if [other.node for other in svc.pods].count(pod.node) == 1)
    with svc.under_load(lost_allowed=LOST_BY_A_PAUSE, clients=MANY) as load:
        load.until_even()
        with svc.paused(alone.node):
            load.until_lost(100)
        load.until_even()
    paused = load.epochs[-1]
    assert load.outcome == PASS
    assert paused.lost == {"time-out in response": load.lost}
    assert paused.lost_by == {alone.uid: load.lost}


@pytest.mark.claim(1)
def test_kube_proxy_restarts_and_nobody_notices(service):
    svc = service("spring-service.yaml")
    with svc.under_load() as load:
        load.until_even()
        svc.restart_kube_proxy()
        load.until_even()
    assert load.outcome == PASS
    assert load.lost == 0


@pytest.mark.claim(7)
def test_a_pod_that_is_not_ready_for_a_while_is_left_out_and_taken_in_again(service):
    svc = service("spring-service.yaml")
    with svc.under_load() as load:
        load.until_even()
        svc.make_unready(svc.pods[0])
        load.until_even()
        svc.make_ready(svc.pods[0])
        load.until_even()
    assert load.outcome == PASS
    assert load.lost == 0
    assert [len(epoch.pods) for epoch in load.epochs] == [3, 2, 3]


@pytest.mark.claim(2)
def test_connections_that_stay_open_leave_new_pods_idle_until_clients_connect_again(service):
    svc = service("spring-service.yaml")
    before = {pod.uid for pod in svc.pods}
    with svc.under_load(must_catch=Cause.UNDECIDED, locustfile=KEEP_OPEN, clients=20) as load:
        svc.scale(5)
        load.until_sent(1000)
    assert load.outcome.cause is Cause.UNDECIDED
    assert [load.answered(pod) for pod in svc.pods if pod.uid not in before] == [0, 0]
    assert svc.load(locustfile=KEEP_ALIVE) == PASS
