"""A way goes on as long as the witnesses tell the same story, and says where and why it ends."""

import re
from dataclasses import replace

import pytest

from evenly.k8s.proxy_rules.rules import Rules
from evenly.k8s.request_path.conntrack import Tracked, Way
from evenly.k8s.request_path.path import Place, Seen, path
from unit.factories import pod

PODS = tuple(
    pod(uid, name=f"backend-app-{uid}", node=node, ip=ip)
    for uid, node, ip in (("a", "worker", "10.244.1.7"), ("b", "worker2", "10.244.2.5"))
)
COUNTED = Rules("shop/spring-service:http", "10.96.1.2:8081", "KUBE-SVC-X", 1, {"10.244.1.7:8080": 1, "10.244.2.5:8080": 0})
NOT_COUNTED = replace(COUNTED, chain="service-X", passed=None, targets=dict.fromkeys(COUNTED.targets))
TRACKED = Tracked(Way("172.18.0.1:41234", "172.18.0.3:30000"), Way("10.244.1.7:8080", "172.18.0.3:9999"))
WHOLE = Seen(
    client="127.0.0.1:41234",
    entry="127.0.0.1:30000",
    node="control-plane",
    node_port=30000,
    rules=COUNTED,
    tracked=TRACKED,
    uid="a",
    seen_client="172.18.0.3",
    pods=PODS,
)
REFUSED = replace(
    WHOLE,
    client="",
    rules=replace(COUNTED, targets={"10.244.1.7:8090": 0, "10.244.2.5:8090": 1}),
    tracked=None,
    uid="",
    seen_client="",
    error="Connection refused",
    tried={"10.244.2.5:8090": "Connection refused"},
)


def test_a_whole_way_is_told_hop_by_hop() -> None:
    assert path(WHOLE).text.splitlines() == [
        "client  127.0.0.1:41234 -> 127.0.0.1:30000    the entry point to control-plane",
        "node    172.18.0.1:41234 -> 172.18.0.3:30000  nodePort 30000, in the node's connection table",
        "rule    KUBE-SVC-X -> 10.244.1.7:8080         of spring-service:http, which is 10.96.1.2:8081; 1 connection more",
        "pod     backend-app-a on worker               as its answer says; the client that it saw is 172.18.0.3",
        "back    10.244.1.7:8080 -> 172.18.0.3:9999    which the node turns into 172.18.0.3:30000 -> 172.18.0.1:41234",
        "answer  127.0.0.1:30000 -> 127.0.0.1:41234    on the connection that the client opened",
    ]
    assert (path(WHOLE).ended, path(WHOLE).ports, path(WHOLE).reason) == (Place.ANSWER, (30000, 8081, 8080), "")


def test_each_hop_knows_the_address_that_the_request_had_there() -> None:
    assert {hop.place: hop.at for hop in path(WHOLE).hops} == {
        Place.CLIENT: "127.0.0.1:41234",
        Place.NODE: "172.18.0.3:30000",
        Place.RULE: "10.96.1.2:8081",
        Place.POD: "10.244.1.7:8080",
        Place.BACK: "172.18.0.3:9999",
        Place.ANSWER: "127.0.0.1:41234",
    }
    assert [hop.at for hop in path(REFUSED).hops] == ["this machine", "control-plane:30000", "10.96.1.2:8081"]


def test_the_connection_table_is_enough_where_rules_do_not_count() -> None:
    way = path(replace(WHOLE, rules=NOT_COUNTED))
    assert (way.ended, way.ports) == (Place.ANSWER, (30000, 8081, 8080))
    assert "service-X -> 10.244.1.7:8080 " in way.text
    assert "not counted in nftables mode, but in the connection table" in way.text


def test_a_refusal_ends_the_way_at_the_rule_that_sent_it_there() -> None:
    way = path(REFUSED)
    assert (way.ended, way.ports) == (Place.RULE, (30000, 8081, 8090))
    assert "control-plane:30000 " in way.text
    assert "no open connection" in way.text
    assert "KUBE-SVC-X -> 10.244.2.5:8090 " in way.text
    assert way.text.endswith("\nit ends here: Connection refused; from the node itself to 10.244.2.5:8090: Connection refused")


def test_a_refusal_that_nobody_counted_may_be_any_pods() -> None:
    targets = ("10.244.1.7:8090", "10.244.2.5:8090")
    way = path(replace(REFUSED, rules=replace(NOT_COUNTED, targets=dict.fromkeys(targets))))
    assert (way.ended, way.ports) == (Place.RULE, (30000, 8081, 8090))
    assert "service-X -> 10.244.1.7:8090 or 10.244.2.5:8090 " in way.text
    assert "so the rules say; nftables mode does not count" in way.text


def turned_to(target: str, client: str = "172.18.0.3:9999") -> Tracked:
    return replace(TRACKED, back=Way(target, client))


@pytest.mark.parametrize(
    ("seen", "ended", "reason"),
    [
        (replace(WHOLE, rules=replace(COUNTED, passed=0)), Place.CLIENT, "one connection .* counted 0"),
        (replace(REFUSED, rules=replace(COUNTED, passed=0)), Place.CLIENT, r"\(Connection refused\), .* counted 0"),
        (replace(WHOLE, rules=replace(COUNTED, passed=2)), Place.CLIENT, "one connection .* counted 2"),
        (replace(REFUSED, rules=replace(COUNTED, targets={"10.244.1.7:8080": 0})), Place.NODE, "counted it for no pod"),
        (replace(REFUSED, rules=replace(COUNTED, targets={"x:80": 1, "y:80": 1})), Place.NODE, "for x:80 and for y:80"),
        (replace(WHOLE, tracked=turned_to("10.244.2.5:8080")), Place.NODE, "says 10.244.2.5:8080, for which .* counted 0"),
        (replace(WHOLE, tracked=turned_to("10.244.9.9:8080")), Place.NODE, "10.244.9.9:8080, which is in no rule"),
        (replace(WHOLE, uid="b"), Place.RULE, "backend-app-b answered, whose address is 10.244.2.5"),
        (replace(WHOLE, uid="z"), Place.RULE, "answered, z, is none of the Service's"),
        (replace(WHOLE, tracked=None), Place.POD, "connection table has nothing of it"),
        (replace(WHOLE, tracked=turned_to("10.244.1.7:8080", "172.18.0.9:1")), Place.POD, "but the pod answers to 172.18.0.3"),
    ],
)
def test_a_way_ends_where_a_witness_contradicts(seen: Seen, ended: Place, reason: str) -> None:
    way = path(seen)
    assert way.ended is ended
    assert re.search(reason, way.reason)
