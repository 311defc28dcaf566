"""Each known mistake is recognised by its records alone, and an unknown one is called unknown."""

from dataclasses import replace
from typing import Any

import pytest

from evenly.judge import Cause
from evenly.report.answer import Answer
from evenly.report.answers.causes import CAUSES
from evenly.report.answers.scenario import answer
from evenly.report.figures import figures
from evenly.report.text.markup import plain
from evenly.results.schema import ContainerPort, EndpointsReading, FalseName, NodeRules, ServicePort
from unit.factories import Simulation, pod_record, simulate

ENTRY, OTHERS = "evenly-3f9c-control-plane", ("evenly-3f9c-worker", "evenly-3f9c-worker2")
ALL = ("uid-0", "uid-1", "uid-2")
UNTOUCHED = dict.fromkeys(ALL, 1 / 3)
NOBODY = (EndpointsReading(-3.0, ()),)


def say(made: Simulation, **changes: Any) -> Answer:  # noqa: ANN401 - any field of the record
    record = replace(made.record, **changes)
    return answer(record, figures(record, made.samples), "make e2e")


def why(said: Answer) -> str:
    return " ".join(map(plain, said.diagnosis.evidence))


def without_endpoints(**changes: Any) -> Answer:  # noqa: ANN401 - same
    made = simulate(errors=["refused"] * 9, attempts=300, readings=NOBODY)
    return say(made, **changes)


def on_ports(*target_ports: str) -> Answer:
    """Say what comes of a Service with these target ports whose pods listen on 8080, by the name of http, and on 9090."""
    pods = [replace(pod_record(i), ports=(ContainerPort(8080, "http"), ContainerPort(9090))) for i in range(3)]
    made = simulate(pods=pods, errors=["refused"] * 5, attempts=205)
    rows = tuple(row for row in made.rows if row["error"])
    ports = tuple(ServicePort(80 + i, target) for i, target in enumerate(target_ports))
    return say(replace(made, rows=rows), ports=ports)


def ruled(weights: list[float], *shares: dict[str, float]) -> Answer:
    rules = tuple(NodeRules(node, parts) for node, parts in zip((ENTRY, *OTHERS), shares, strict=False))
    return say(simulate(weights=weights), rules=rules, session_affinity="None")


def test_a_selector_that_no_pod_matches_is_told_with_what_the_pods_have() -> None:
    said = without_endpoints(selector={"app": "backend-ap"})
    assert plain(said.finding.headline) == "None of the 3 pods stood behind the Service."
    assert why(said) == (
        "The selector of spring-service, app=backend-ap, matches none of the 3 pods: they have app=backend-app."
    )
    assert said.diagnosis.command == (
        """kubectl -n evenly-7f3a patch service spring-service -p '{"spec":{"selector":{"app":"backend-app"}}}'"""
    )


def test_a_selector_of_a_label_that_the_pods_do_not_have_is_exchanged_for_theirs() -> None:
    said = without_endpoints(selector={"ap": "backend-app"})
    assert "they have app=backend-app." in why(said)
    assert '{"selector":{"ap":null,"app":"backend-app"}}' in said.diagnosis.command


@pytest.mark.parametrize(
    "changes",
    [
        {"selector": {"app": "backend-app"}},
        {"selector": {}},
        {"selector": {"app": "backend-ap"}, "endpoints": (EndpointsReading(0.0, ("uid-0",)),)},
    ],
    ids=["matching", "not read", "with an endpoint"],
)
def test_a_selector_is_not_blamed_where_it_is_not_the_reason(changes: dict[str, Any]) -> None:
    assert "selector" not in why(without_endpoints(**changes))


@pytest.mark.parametrize("wrong", ["8081", "htpp"])
def test_a_target_port_that_no_container_has_is_told_with_theirs(wrong: str) -> None:
    said = on_ports("http", wrong)
    assert why(said) == (
        f"spring-service sends to port {wrong} of its pods, where their containers listen on 8080 and 9090. "
        "None of 5 connections reached a pod."
    )
    assert '{"ports":[{"port":81,"targetPort":8080}]}' in said.diagnosis.command


@pytest.mark.parametrize("right", ["8080", "9090", "http"])
def test_a_target_port_that_a_container_has_is_not_blamed(right: str) -> None:
    assert "listen" not in why(on_ports(right)).replace("nobody listened", "")


def test_a_target_port_is_not_blamed_for_a_few_errors() -> None:
    pods = [replace(pod_record(i), ports=(ContainerPort(9090),)) for i in range(3)]  # a container need not declare its ports
    said = say(simulate(pods=pods, errors=["refused"]), ports=(ServicePort(8080, "8080"),))
    assert "1 of" not in why(said)
    assert "Refused: nobody listened" in why(said)


def test_a_pod_that_answers_in_anothers_name_is_named_by_the_logs() -> None:
    made = simulate(discrepancies=("334 attempts are answered in the name of one pod, but in the log of another: 2",))
    lies = (FalseName("uid-2", "uid-1", 1), FalseName("uid-0", "uid-1", 334))
    said = say(made, reconciliation=replace(made.record.reconciliation, false_names=lies))
    assert why(said).startswith(
        "k7m2p answered 334 connections in the name of q8zcd and w4n9x answered 1 connection in the name of q8zcd."
    )
    assert "get pod backend-app-6d5f9c7b8d-k7m2p" in said.diagnosis.command


def test_a_rule_that_is_missing_on_the_entry_alone_is_told_as_such() -> None:
    said = ruled([0, 1, 1], {"uid-1": 0.5, "uid-2": 0.5}, UNTOUCHED, UNTOUCHED)
    assert f"The rules of {ENTRY} have none for k7m2p: they give q8zcd 50.0 % and w4n9x 50.0 %." in why(said)
    assert f"Those of {OTHERS[0]} and {OTHERS[1]} give all pods the same: it is so through this node only." in why(said)
    assert said.diagnosis.command.endswith(f"spec.nodeName={ENTRY}")


def test_a_biased_rule_is_told_with_the_parts_it_gives() -> None:
    biased = {"uid-0": 0.2, "uid-1": 0.4, "uid-2": 0.4}
    said = ruled([2, 4, 4], biased, UNTOUCHED, UNTOUCHED)
    assert f"The rules of {ENTRY} give k7m2p 20.0 %, q8zcd 40.0 % and w4n9x 40.0 %." in why(said)
    assert "somebody else has changed them" in why(said)
    elsewhere, too = why(ruled([2, 4, 4], biased)), why(ruled([2, 4, 4], biased, biased, UNTOUCHED))
    assert "this node only" not in elsewhere + too
    assert f"Those of {OTHERS[0]} do not give all pods the same either." in too


def test_rules_to_an_address_of_no_known_pod_name_it() -> None:
    stale = {"uid-0": 1 / 3, "uid-1": 1 / 3, "10.244.9.9:8080": 1 / 3}
    assert "q8zcd 33.3 % and 10.244.9.9:8080 33.3 %" in why(ruled([1, 1, 0], stale))


def test_rules_of_another_node_than_the_entry_explain_nothing() -> None:
    rules = (NodeRules(OTHERS[0], {"uid-1": 1.0}),)
    assert "No known cause matches." in why(say(simulate(weights=[42, 33, 25]), rules=rules, session_affinity="None"))


def test_an_unevenness_without_a_known_reason_is_called_unknown_and_says_where_to_look_next() -> None:
    said = ruled([42, 33, 25], UNTOUCHED, UNTOUCHED, UNTOUCHED)
    assert why(said).startswith("No known cause matches. Ruled out: a stray pod, ")
    assert "kube-proxy's rules on the entry, which give all pods the same" in why(said)
    assert "What is left stands before the entry or behind it" in why(said)
    assert plain(said.diagnosis.remedy) == "Look at what stands between client and node, and run again through another node:"


def test_without_rules_an_unknown_unevenness_says_to_read_them() -> None:
    said = ruled([42, 33, 25])
    assert "No known cause matches." in why(said)
    assert plain(said.diagnosis.remedy) == "Read the rules on the node, then run again:"


@pytest.mark.parametrize("cause", Cause)
def test_no_known_reason_is_seen_in_records_without_a_mistake(cause: Cause) -> None:
    made = simulate()
    assert not any(reason(made.record, made.figures, "make e2e") for reason in CAUSES[cause].reasons)


def test_every_cause_has_its_text() -> None:
    assert set(CAUSES) == set(Cause)
    assert len({said.fault for said in CAUSES.values()}) == len(CAUSES)


def test_answers_of_somebody_elses_backend_without_a_name_are_told_from_no_answers() -> None:
    made = simulate(errors=("not ours", "not ours", "refused"))
    theirs = replace(made.record.load, identified_by="the header X-Pod", target="10.1.0.1:31000")
    said = say(made, load=theirs)
    assert why(said) == "They were answered, but without the header X-Pod: nobody knows by which pods."
    assert said.diagnosis.command == "curl -i 10.1.0.1:31000"
    assert "as far as the pods' logs say" in why(say(made)), "of evenly's own backend the logs tell"
    refused = say(simulate(errors=("refused",)), load=theirs)
    assert "its logs are not evenly's" in why(refused)
