"""What is drawn of a request's way is what its witnesses said, and no more than they agree on."""

from dataclasses import replace
from pathlib import Path

import pytest

from evenly.k8s.proxy_rules import iptables, nftables
from evenly.k8s.proxy_rules.rules import Rules, of_node_port
from evenly.k8s.request_path.conntrack import Tracked, Way
from evenly.k8s.request_path.path import Seen, path
from evenly.results.schema import HopRecord, PathRecord
from evenly.scenario.attachment import attachment
from unit.factories import pod

LISTS = Path(__file__).parents[1] / "k8s/proxy_rules"
IPTABLES = of_node_port(iptables.read((LISTS / "iptables-save.txt").read_text()), 30000)
NFTABLES = of_node_port(nftables.read((LISTS / "nft-list.txt").read_text()), 30000)
ADDRESSES = ["10.244.1.10:8080", "10.244.1.11:8080", "10.244.2.10:8080"]


def seen(rules: Rules | None, **counted: int) -> Seen:
    """One request to the pod at 10.244.1.11, which is the only one that the cluster knows."""
    assert rules
    targets = {at: None if rules.passed is None else int(at == ADDRESSES[1]) for at in rules.targets}
    answering = pod("u", name="backend-app-x", ip="10.244.1.11")
    return Seen(
        client="127.0.0.1:41234",
        entry="127.0.0.1:30000",
        node="control-plane",
        node_port=30000,
        rules=replace(rules, passed=counted.get("passed", rules.passed and 1), targets=targets),
        tracked=Tracked(Way("172.18.0.1:41234", "172.18.0.3:30000"), Way(ADDRESSES[1], "172.18.0.3:9999")),
        uid="u",
        seen_client="172.18.0.3",
        pods=(answering,),
    )


def record(these: Seen) -> PathRecord:
    shown = attachment("The way", path(these))
    assert (shown.title, shown.text) == ("The way", path(these).text)
    assert shown.path
    return shown.path


def taken(these: Seen) -> list[str]:
    return [target.address for target in record(these).targets if target.taken]


@pytest.mark.parametrize("rules", [IPTABLES, NFTABLES], ids=["iptables", "nftables"])
def test_every_address_of_the_rule_has_its_share_in_either_mode(rules: Rules | None) -> None:
    found = record(seen(rules))
    assert sorted(target.address for target in found.targets) == ADDRESSES
    assert [target.share for target in found.targets] == pytest.approx([1 / 3] * 3, abs=1e-6)
    assert {target.address: (target.pod, target.node) for target in found.targets if target.pod} == {
        ADDRESSES[1]: ("backend-app-x", "worker")
    }
    assert taken(seen(rules)) == [ADDRESSES[1]]


def test_the_record_has_the_names_and_every_hop() -> None:
    found = record(seen(IPTABLES))
    assert (found.node, found.service, found.seen_client, found.reason) == (
        "control-plane",
        "spring-service:http",
        "172.18.0.3",
        "",
    )
    assert [hop.place for hop in found.hops] == ["client", "node", "rule", "pod", "back", "answer"]
    assert found.hops[1] == HopRecord("node", "172.18.0.3:30000", "172.18.0.1:41234 -> 172.18.0.3:30000")


def test_where_no_chance_decides_no_share_is_told() -> None:
    these = seen(NFTABLES)
    alone = replace(these, rules=replace(these.rules, choice=None))
    assert {target.share for target in record(alone).targets} == {None}


def test_a_request_that_no_rule_counted_went_to_no_pod() -> None:
    found = record(seen(IPTABLES, passed=0))
    assert [hop.place for hop in found.hops] == ["client"]
    assert "counted 0" in found.reason
    assert taken(seen(IPTABLES, passed=0)) == []


def test_a_refusal_that_nobody_counted_may_be_any_pods_but_an_answer_is_one_pods() -> None:
    not_tracked = replace(seen(NFTABLES), tracked=None)
    assert taken(not_tracked) == [ADDRESSES[1]]
    assert sorted(taken(replace(not_tracked, uid="", error="Connection refused"))) == ADDRESSES
