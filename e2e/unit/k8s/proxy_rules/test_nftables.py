"""A node's choice of a pod, read from the text that nft prints for kube-proxy's table."""

from pathlib import Path

import pytest

from evenly.k8s.proxy_rules import nftables
from evenly.k8s.proxy_rules.rules import Choice, of_service

LISTED = Path(__file__).with_name("nft-list.txt").read_text()
NAMESPACE = "evenly-70f8-path"
A, B, C = "10.244.1.10:8080", "10.244.1.11:8080", "10.244.2.10:8080"
CHAIN = f"service-XZ3H2LHW-{NAMESPACE}/spring-service/tcp/http"
ONE_BY_ONE = """mod 5 map { 0 : 10.244.1.10 . 8080, 1 : 10.244.1.11 . 8080, 2 : 10.244.1.11 . 8080, 3 : 10.244.2.10 . 8080,
\t\t\t     4 : 10.244.2.10 . 8080 }"""
BIASED = "mod 100 map { 0-19 : 10.244.1.10 . 8080, 20-59 : 10.244.1.11 . 8080, 60-99 : 10.244.2.10 . 8080 }"
TO = ("nft", "replace", "rule", "ip", "kube-proxy", CHAIN, "handle", "17")


def choice_of(listed: str, namespace: str, service: str, port: str) -> Choice | None:
    rules = of_service(nftables.read(listed), namespace, service, port)
    return rules.choice if rules else None


def of_shop(listed: str) -> Choice:
    found = choice_of(listed, NAMESPACE, "spring-service", "http")
    assert found
    return found


def test_as_kube_proxy_writes_it_a_map_gives_all_the_same() -> None:
    assert of_shop(LISTED).shares == pytest.approx({A: 1 / 3, B: 1 / 3, C: 1 / 3})


def test_numbers_in_a_row_that_lead_to_one_address_make_its_share() -> None:
    start, end = LISTED.index("mod 3 map"), LISTED.index(" # handle 17")
    for chosen in (BIASED, ONE_BY_ONE):
        biased = f"{LISTED[:start]}{chosen}{LISTED[end:]}"
        assert of_shop(biased).shares == {A: 0.2, B: 0.4, C: 0.4}


def test_the_first_address_is_taken_out_of_the_map() -> None:
    elements = "{ 0 : 10.244.1.11 . 8080, 1 : 10.244.2.10 . 8080 }"
    choice = of_shop(LISTED)
    assert choice.first == A
    assert choice.change(0) == (*TO, f"meta l4proto tcp dnat ip addr . port to numgen random mod 2 map {elements}")


@pytest.mark.parametrize(("chance", "numbers"), [(0.2, [20, 40, 40]), (0.01, [1, 50, 49])])
def test_a_biased_map_has_a_hundred_numbers(chance: float, numbers: list[int]) -> None:
    (*to, rule) = of_shop(LISTED).change(chance)
    assert tuple(to) == TO
    assert "numgen random mod 100 map { 0 : 10.244.1.10 . 8080, 1 : " in rule
    assert [rule.count(address.replace(":", " . ")) for address in (A, B, C)] == numbers


@pytest.mark.parametrize(
    ("namespace", "service", "port"),
    [
        ("default", "kubernetes", "https"),
        ("ns5", "svc5", "p80"),
        (NAMESPACE, "spring-service", ""),
        (NAMESPACE, "spring", "http"),
    ],
)
def test_a_service_that_chooses_otherwise_or_is_not_there_has_no_such_choice(namespace: str, service: str, port: str) -> None:
    assert choice_of(LISTED, namespace, service, port) is None


def test_a_port_without_a_name_is_found_without_one() -> None:
    unnamed = LISTED.replace("spring-service/tcp/http", "spring-service/tcp/")
    assert choice_of(unnamed, NAMESPACE, "spring-service", "")
    assert choice_of(unnamed, NAMESPACE, "spring-service", "http") is None
