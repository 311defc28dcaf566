"""What a node does with a node port, read from what nodes really printed.

``iptables-save.txt`` is of a node of kube-proxy 1.37 after five connections; ``nft-list.txt`` was printed by nft for rules that
were loaded as kube-proxy 1.37 writes them, the second Service's with affinity.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from evenly.k8s.proxy_rules import iptables, nftables
from evenly.k8s.proxy_rules.rules import Rules, of_node_port

SAVED = Path(__file__).with_name("iptables-save.txt").read_text()
LISTED = Path(__file__).with_name("nft-list.txt").read_text()
NAME = "evenly-70f8-path/spring-service:http"

Read = Callable[[str], list[Rules]]


def behind(read: Read, text: str, node_port: int) -> Rules | None:
    return of_node_port(read(text), node_port)


def without_choice(rules: Rules | None) -> Rules:
    assert rules
    return replace(rules, choice=None)


def test_iptables_lead_from_the_node_port_to_each_pod_and_count() -> None:
    assert without_choice(behind(iptables.read, SAVED, 30000)) == Rules(
        service=NAME,
        own_address="10.96.14.195:8081",
        chain="KUBE-SVC-N7SKR6SIXXMUMR2F",
        passed=5,
        targets={"10.244.1.10:8080": 1, "10.244.1.11:8080": 3, "10.244.2.10:8080": 1},
        node_port=30000,
    )


def test_nftables_lead_from_the_node_port_to_each_pod_without_counting() -> None:
    assert without_choice(behind(nftables.read, LISTED, 30000)) == Rules(
        service=NAME,
        own_address="10.96.14.195:8081",
        chain=f"service-XZ3H2LHW-{NAME.replace(':', '/tcp/')}",
        passed=None,
        targets=dict.fromkeys(["10.244.1.10:8080", "10.244.1.11:8080", "10.244.2.10:8080"]),
        node_port=30000,
    )


def test_nftables_with_affinity_lead_through_a_chain_for_each_pod() -> None:
    rules = behind(nftables.read, LISTED, 30080)
    assert rules
    assert (rules.service, rules.own_address, rules.targets) == ("ns5/svc5:p80", "10.96.3.4:80", {"10.244.1.8:80": None})


def test_an_address_that_nftables_only_compare_is_no_target() -> None:
    turn = "\t\tmeta l4proto tcp dnat ip to"
    compared = f"\t\tip daddr . tcp dport {{ 10.96.14.195 . 8081 }} jump mark-for-masquerade # handle 16\n{turn}"
    rules = behind(nftables.read, LISTED.replace(turn, compared), 30000)
    assert rules
    assert set(rules.targets) == {"10.244.1.10:8080", "10.244.1.11:8080", "10.244.2.10:8080"}


@pytest.mark.parametrize(("read", "text"), [(iptables.read, SAVED), (nftables.read, LISTED)])
def test_a_port_that_is_no_rules_leads_nowhere(read: Read, text: str) -> None:
    assert behind(read, text, 3000) is None
    assert behind(read, "", 30000) is None


def test_a_node_port_that_leads_elsewhere_than_the_services_own_port_is_not_taken_for_it() -> None:
    elsewhere = SAVED.replace("-j KUBE-SVC-N7SKR6SIXXMUMR2F", "-j KUBE-SVL-N7SKR6SIXXMUMR2F", 1)
    assert behind(iptables.read, elsewhere, 30000) is None
    own = "10.96.14.195 . tcp . 8081 : goto service-XZ3H2LHW"
    assert behind(nftables.read, LISTED.replace(own, own.replace("XZ3", "YZ3")), 30000) is None


def test_a_node_port_of_another_protocol_is_another_node_port() -> None:
    assert behind(iptables.read, SAVED.replace("-p tcp", "-p udp").replace("-m tcp", "-m udp"), 30000) is None
    assert behind(nftables.read, LISTED.replace("tcp . 30000", "udp . 30000"), 30000) is None


def test_what_rules_counted_since_then_is_told_for_each_pod() -> None:
    before = behind(iptables.read, SAVED, 30000)
    assert before
    now = replace(before, passed=6, targets={**before.targets, "10.244.2.10:8080": 2})
    assert now.since(before).passed == 1
    assert now.since(before).targets == {"10.244.1.10:8080": 0, "10.244.1.11:8080": 0, "10.244.2.10:8080": 1}


def test_rules_that_do_not_count_tell_nothing_since_then_either() -> None:
    rules = behind(nftables.read, LISTED, 30000)
    assert rules
    assert rules.since(rules) == rules
