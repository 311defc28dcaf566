"""What is expected of a Service is read off its manifests."""

from dataclasses import replace
from types import MappingProxyType
from typing import Any

import pytest
import yaml

from evenly.errors import EvenlyError
from evenly.k8s.expectations import Expectations
from evenly.k8s.pods import Pod
from evenly.shipped import shipped

EXPECTED = Expectations("backend-app", (), "spring-service", {"app": "backend-app"})
ZONES = MappingProxyType({"node": "a", "beside": "a", "elsewhere": "b", "control-plane": "b", "alone": "c"})


def pod(uid: str, node: str = "node", ports: tuple[tuple[int, str], ...] = ()) -> Pod:
    return Pod(uid, f"pod-{uid}", node, "10.0.0.1", ready=True, owner="", labels={}, created_at="", note="", ports=ports)


@pytest.mark.parametrize(
    ("ports", "nowhere"),
    [([(8080, "http")], False), ([(9090, ""), (80, "web")], False), ([], False), ([(8081, "htpp")], True)],
)
def test_a_service_leads_nowhere_if_its_target_is_no_declared_number_or_name(ports: Any, nowhere: bool) -> None:  # noqa: ANN401, FBT001
    expected = replace(EXPECTED, target_ports=frozenset({"http", "9090"}))
    assert expected.leads_nowhere([pod("a", ports=tuple(ports))]) is nowhere


def manifests(**changes: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - YAML is any value
    """Return evenly's own manifests with changes to their specs, by kind."""
    read = [
        document
        for file in ("backend.yaml", "spring-service.yaml", "stray-pod.yaml")
        for document in yaml.safe_load_all(shipped(f"manifests/{file}").read_text())
    ]
    return [document | {"spec": document.get("spec", {}) | changes.get(document["kind"], {})} for document in read]


def test_the_first_deployment_is_expected_and_the_others_stand_beside_it() -> None:
    expected = Expectations.of(manifests(), "the files")
    selector, ports = {"app": "backend-app"}, frozenset({"8080"})
    assert expected == Expectations("backend-app", ("backend-app-canary",), "spring-service", selector, target_ports=ports)


def test_a_selector_that_no_template_has_promises_no_pod_and_a_pod_itself_is_one() -> None:
    typo = manifests(Service={"selector": {"app": "backend-ap"}})
    own_pod = {"kind": "Pod", "metadata": {"name": "alone", "labels": {"app": "backend-ap"}}}
    assert not Expectations.of(typo, "the files").promises
    assert Expectations.of([*typo, own_pod], "the files").promises


def test_a_deployment_that_is_wanted_must_be_there() -> None:
    assert Expectations.of(manifests(), "the files", wanted=("backend-app-canary",)).wanted == ("backend-app-canary",)
    with pytest.raises(EvenlyError, match="the files holds no Deployment canary, which is wanted") as error:
        Expectations.of(manifests(), "the files", wanted=("canary",))
    assert error.value.remedy == "it has backend-app-canary"


@pytest.mark.parametrize(
    ("policy", "outside", "inside"),
    [
        ({}, False, False),
        ({"externalTrafficPolicy": "Local"}, True, False),
        ({"internalTrafficPolicy": "Local"}, False, True),
    ],
)
def test_which_policy_keeps_traffic_on_its_node_depends_on_where_it_comes_from(
    policy: dict[str, str], *, outside: bool, inside: bool
) -> None:
    documents = manifests(Service=policy)
    assert Expectations.of(documents, "the files").local is outside
    assert Expectations.of(documents, "the files", from_inside=True).local is inside


NODE_FIRST = "PreferSameNode"
ZONE_FIRST = ["PreferSameZone", "PreferClose"]


@pytest.mark.parametrize(
    ("distribution", "node", "reached"),
    [
        (NODE_FIRST, "node", "a"),
        (NODE_FIRST, "control-plane", "c"),  # no pod of its own, but one in its zone
        (NODE_FIRST, "alone", "abc"),
        *((word, "node", "ab") for word in ZONE_FIRST),
        *((word, "control-plane", "c") for word in ZONE_FIRST),
        *((word, "alone", "abc") for word in ZONE_FIRST),
        *((word, "a load balancer", "abc") for word in [NODE_FIRST, *ZONE_FIRST]),
        (None, "node", "abc"),
    ],
)
def test_what_a_service_prefers_is_its_node_or_its_zone_and_all_where_neither_has_a_pod(
    distribution: str | None, node: str, reached: str
) -> None:
    expected = Expectations.of(manifests(Service={"trafficDistribution": distribution}), "the files")
    pods = (pod("a"), pod("b", node="beside"), pod("c", node="elsewhere"))
    assert expected.reaches(set("abc"), node, pods, ZONES) == set(reached)


@pytest.mark.parametrize(("distribution", "reached"), [(NODE_FIRST, "a"), ("PreferSameZone", "ab")])
def test_zones_count_for_nothing_unless_every_endpoint_has_one(distribution: str, reached: str) -> None:
    expected = Expectations.of(manifests(Service={"trafficDistribution": distribution}), "the files")
    pods = (pod("a"), pod("b", node="without a zone"))
    assert expected.reaches(set("ab"), "node", pods, ZONES) == set(reached)
    assert expected.reaches(set("ab"), "control-plane", pods, {}) == set("ab")
    assert expected.reaches({"a"}, "beside", pods, ZONES) == {"a"}


def test_a_local_policy_leaves_nothing_to_prefer() -> None:
    both = manifests(Service={"externalTrafficPolicy": "Local", "trafficDistribution": "PreferSameZone"})
    assert Expectations.of(both, "the files").preferred == ""
    assert Expectations.of(both, "the files", from_inside=True).preferred == "PreferSameZone"


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"Service": {"selector": None}}, "Service spring-service has no selector"),
        ({"Deployment": {"replicas": 0}}, "Deployment backend-app asks for 0 replicas"),
    ],
)
def test_manifests_that_leave_nobody_to_answer_are_refused(changes: dict[str, Any], problem: str) -> None:
    with pytest.raises(EvenlyError, match=problem) as error:
        Expectations.of(manifests(**changes), "the files")
    assert "in the files: " in error.value.remedy


@pytest.mark.parametrize(
    ("kinds", "problem"),
    [
        ({"Service"}, "the files holds no Deployment"),
        ({"Deployment"}, "the files holds 0 objects of kind Service"),
    ],
)
def test_manifests_that_lack_an_object_are_named(kinds: set[str], problem: str) -> None:
    documents = [document for document in manifests() if document["kind"] in kinds]
    with pytest.raises(EvenlyError, match=problem):
        Expectations.of(documents, "the files")
