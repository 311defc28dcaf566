"""A Service that was there before, with pods that know nothing of evenly, is judged by what their answers say."""

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
    outcome = existing(checkout, identify=header("X-Pod")).load(control=Cause.SHARES)
    assert outcome == FAIL
    assert "sessionAffinity: ClientIP" in outcome.explanation


def test_answers_that_do_not_name_their_pod_are_no_answers(existing, checkout):
    outcome = existing(checkout, identify=body("served by (.+)")).load(control=Cause.ERRORS)
    assert outcome == FAIL
    assert outcome.cause is Cause.ERRORS
    assert "without what served by (.+) finds in the body" in outcome.explanation
