"""A Service that was there before, with pods that know nothing of evenly, is judged by what their answers say."""

import json

import pytest

from evenly import FAIL, PASS, Cause, body, header


@pytest.fixture
def checkout(terminal, namespace):
    """Return somebody else's Service, by its name: made by kubectl, as theirs was."""
    terminal("kubectl apply -f checkout.yaml")
    terminal("kubectl rollout status deployment checkout")
    return f"{namespace.name}/checkout"


def test_a_service_that_was_there_is_judged_by_what_its_pods_answer(existing, checkout):
    assert existing(checkout, identify=header("X-Pod")).load() == PASS


def test_a_service_that_was_there_and_sticks_is_caught(existing, checkout, terminal):
    terminal("""kubectl patch service checkout -p '{"spec":{"sessionAffinity":"ClientIP"}}'""")
    outcome = existing(checkout, identify=header("X-Pod")).load(must_catch=Cause.SHARES)
    assert outcome == FAIL
    assert "sessionAffinity: ClientIP" in outcome.explanation


def test_a_service_that_was_there_stays_even_while_its_owner_rolls_it_out(existing, checkout, terminal):
    svc = existing(checkout, identify=header("X-Pod"))
    with svc.under_load() as load:
        load.until_even()
        terminal("kubectl rollout restart deployment checkout")
        terminal("kubectl rollout status deployment checkout")
        load.until_even()
    before, after = load.epochs
    assert load.outcome == PASS
    assert load.lost == 0
    assert set(before.pods).isdisjoint(after.pods)
    assert svc.load() == PASS  # by the pods that there are now


def test_a_service_that_was_there_and_is_rolled_out_carelessly_loses_some(existing, checkout, terminal):
    careless = {"spec": {"containers": [{"name": "nginx", "lifecycle": None}]}}
    terminal(f"kubectl patch deployment checkout -p '{json.dumps({'spec': {'template': careless}})}'")
    terminal("kubectl rollout status deployment checkout")
    with existing(checkout, identify=header("X-Pod")).under_load(must_catch=Cause.ERRORS) as load:
        terminal("kubectl rollout restart deployment checkout")
        terminal("kubectl rollout status deployment checkout")
    assert load.outcome == FAIL
    assert load.outcome.cause is Cause.ERRORS
    assert load.lost > 0


def test_answers_that_do_not_name_their_pod_are_no_answers(existing, checkout):
    outcome = existing(checkout, identify=body("served by (.+)")).load(must_catch=Cause.ERRORS)
    assert outcome == FAIL
    assert outcome.cause is Cause.ERRORS
    assert "without what served by (.+) finds in the body" in outcome.explanation
