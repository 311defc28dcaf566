"""A node's choice of a pod, read from the text that iptables-save prints for kube-proxy's rules."""

import shlex
from math import isclose
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenly.k8s.proxy_rules import iptables
from evenly.k8s.proxy_rules.rules import Choice, of_service

SAVED = Path(__file__).with_name("iptables-save.txt").read_text()
NAMESPACE = "evenly-70f8-path"
SHOP = f"{NAMESPACE}/spring-service:http"
SVC = "KUBE-SVC-N7SKR6SIXXMUMR2F"
A, B, C = "10.244.1.10:8080", "10.244.1.11:8080", "10.244.2.10:8080"
FIRST = "KUBE-SEP-BRCL252WUURD3VLO"
STICKY = f'[0:0] -A {SVC} -m comment --comment "{SHOP} -> {A}" -m recent --rcheck --seconds 10800 --name K -j {FIRST}\n'


def of_shop(saved: str) -> Choice:
    rules = of_service(iptables.read(saved), NAMESPACE, "spring-service", "http")
    assert rules
    assert rules.choice
    return rules.choice


def test_the_rules_of_a_service_are_told_from_its_neighbours_with_their_numbers() -> None:
    choice = of_shop(SAVED.replace("default/kubernetes:https", f"{SHOP}-2"))
    assert choice.first == A
    assert choice.shares == pytest.approx({A: 1 / 3, B: 1 / 3, C: 1 / 3})
    assert choice.change(0)[-2:] == (SVC, "2")


def test_a_rule_that_sends_a_known_address_back_is_no_choice() -> None:
    first = SAVED.index(f'[1:60] -A {SVC} -m comment --comment "{SHOP} -> {A}')
    sticky = of_shop(f"{SAVED[:first]}{STICKY}{SAVED[first:]}")
    assert sticky.shares == of_shop(SAVED).shares
    assert sticky.change(0)[-2:] == (SVC, "3")


@given(st.integers(1, 40))
def test_as_kube_proxy_writes_them_rules_give_all_the_same(n: int) -> None:
    lines = (
        f'[0:0] -A {SVC} -m comment --comment "{SHOP} -> 10.0.0.{i}:80"'
        + (f" -m statistic --mode random --probability {1 / (n - i):.11f}" if i < n - 1 else "")
        + f" -j KUBE-SEP-{i}\n[0:0] -A KUBE-SEP-{i} -p tcp -m tcp -j DNAT --to-destination 10.0.0.{i}:80"
        for i in range(n)
    )
    parts = of_shop("\n".join(lines)).shares
    assert len(parts) == n
    assert all(isclose(part, 1 / n, abs_tol=1e-9) for part in parts.values())


@pytest.mark.parametrize(
    ("without", "left"),
    [(A, {B: 0.5, C: 0.5}), (B, {A: 1 / 3, C: 2 / 3}), (C, {A: 1 / 3, B: 1 / 3})],
    ids=["first", "second", "last, whose part is nobody's then"],
)
def test_a_rule_that_is_gone_leaves_its_part_to_those_behind_it(without: str, left: dict[str, float]) -> None:
    rest = "\n".join(line for line in SAVED.splitlines() if f"> {without}" not in line)
    assert of_shop(rest).shares == pytest.approx(left)


def test_the_first_rule_is_deleted_by_its_number() -> None:
    assert shlex.join(of_shop(SAVED).change(0)) == f"iptables --wait --table nat --delete {SVC} 2"


def test_a_biased_rule_differs_in_its_chance_alone() -> None:
    to = f"-m comment --comment '{SHOP} -> {A}' -m statistic --mode random --probability 0.2 -j {FIRST}"
    assert shlex.join(of_shop(SAVED).change(0.2)) == f"iptables --wait --table nat --replace {SVC} 2 {to}"


def test_rules_of_other_services_are_none_of_this_one() -> None:
    assert of_service([], NAMESPACE, "spring-service", "http") is None
    rules = iptables.read(SAVED)
    assert of_service(rules, NAMESPACE, "spring-service") is None
    assert of_service(rules, NAMESPACE, "service", "http") is None
    unnamed = iptables.read(SAVED.replace(":http", ""))
    assert of_service(unnamed, NAMESPACE, "spring-service")
    assert of_service(unnamed, NAMESPACE, "spring-service", "http") is None
