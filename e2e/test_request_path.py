"""A request goes nodePort -> port -> targetPort, and its answer comes back by the same way."""

import pytest


@pytest.mark.claim(4, 6)
def test_a_request_takes_three_ports_and_its_answer_comes_back_the_same_way(service, show):
    path = service("request-path.yaml").trace()
    show("The way of one request", path)
    assert path.ports == (30000, 8081, 8080)
    assert path.ended == "answer"


@pytest.mark.claim(4, 6)
def test_a_request_to_a_port_where_nobody_listens_ends_at_the_rule(service, show):
    wrong = service("request-path.yaml")
    wrong.retarget(8090)
    path = wrong.trace()
    show("The way of one request to a wrong targetPort", path)
    assert path.ports == (30000, 8081, 8090)
    assert path.ended == "rule"
    assert path.reason.endswith("Connection refused")
