"""Mistakes that people make: each is planted, and counts as caught only when its own cause comes out."""

import pytest

from evenly import PASS, Cause, EvenlyError


@pytest.mark.claim(2)
def test_affinity_sends_one_client_to_one_pod(service):
    outcome = service("session-affinity.yaml").load(must_catch=Cause.SHARES)
    assert outcome.cause is Cause.SHARES
    assert "sessionAffinity: ClientIP" in outcome.explanation


@pytest.mark.claim(1)
def test_one_kept_connection_is_told_from_an_uneven_service(service):
    outcome = service("spring-service.yaml").load(must_catch=Cause.UNDECIDED, locustfile="locustfiles/one_connection.py")
    assert outcome.cause is Cause.UNDECIDED
    assert "1 connection carried all" in outcome.explanation
    assert "keeps its connections alive" in outcome.explanation


@pytest.mark.claim(1)
def test_a_local_policy_leaves_out_the_pods_of_other_nodes(service):
    svc = service("local-policy.yaml")
    svc.check_apart()
    outcome = svc.load(must_catch=Cause.SHARES, through=svc.pods[0].node)
    assert outcome.cause is Cause.SHARES
    assert "externalTrafficPolicy: Local" in outcome.explanation


@pytest.mark.claim(7)
def test_a_selector_that_matches_no_pod_is_named(service):
    outcome = service("selector-typo.yaml").load(must_catch=Cause.ENDPOINTS)
    assert outcome.cause is Cause.ENDPOINTS
    assert "app=backend-ap, matches none of the 3 pods: they have app=backend-app" in outcome.explanation
    assert """patch service spring-service -p '{"spec":{"selector":{"app":"backend-app"}}}'""" in outcome.explanation


@pytest.mark.claim(6)
def test_a_target_port_where_no_pod_listens_is_named(service):
    outcome = service("wrong-target-port.yaml").load(must_catch=Cause.ERRORS)
    assert outcome.cause is Cause.ERRORS
    assert "sends to port 8081 of its pods, where their containers listen on 8080" in outcome.explanation
    assert '"targetPort":8080' in outcome.explanation


@pytest.mark.claim(1)
def test_a_pod_that_answers_in_anothers_name_is_found_out(service):
    svc = service("spring-service.yaml")
    liar, other = svc.pods[:2]
    svc.impersonate(liar, other)
    outcome = svc.load(must_catch=Cause.UNRECONCILED)
    assert outcome.cause is Cause.UNRECONCILED
    assert f"in the name of {short(other)}" in outcome.explanation
    assert f"get pod {liar.name}" in outcome.explanation


@pytest.mark.claim(9)
def test_a_node_port_that_is_taken_names_its_holder(service, namespace, apply):
    service("spring-service.yaml")
    with pytest.raises(EvenlyError, match="30000: provided port is already allocated") as refused:
        apply("spring-service.yaml")
    holder = namespace.name.replace("own-", "")
    assert f"Service {holder}/spring-service has that node port: give one of them another" in refused.value.remedy


@pytest.mark.claim(1)
def test_a_deleted_rule_is_found_on_its_node(service):
    svc = service("spring-service.yaml")
    entry, *others = svc.nodes
    lost = svc.delete_rule(entry)
    outcome = svc.load(must_catch=Cause.SHARES, through=entry)
    assert outcome.cause is Cause.SHARES
    assert f"The rules of {entry} have none for {short(lost)}" in outcome.explanation
    assert "through this node only" in outcome.explanation
    assert svc.load(through=others[0]) == PASS


@pytest.mark.claim(1)
def test_a_biased_rule_is_found_on_its_node(service):
    svc = service("spring-service.yaml")
    entry, *others = svc.nodes
    starved = svc.bias_rule(entry, chance=0.2)
    outcome = svc.load(must_catch=Cause.SHARES, through=entry)
    assert outcome.cause is Cause.SHARES
    assert f"The rules of {entry} give {short(starved)} 20.0 %" in outcome.explanation
    assert "through this node only" in outcome.explanation
    assert svc.load(through=others[0]) == PASS


def short(pod):
    return pod.name.rpartition("-")[2]
