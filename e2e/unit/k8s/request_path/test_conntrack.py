"""A node's connection table, read from what conntrack 1.4 really printed."""

from evenly.k8s.request_path.conntrack import Tracked, Way, tracked

LISTED = """\
tcp      6 86399 ESTABLISHED src=172.17.0.1 dst=172.17.0.3 sport=33388 dport=30000 \
src=10.244.1.11 dst=172.17.0.3 sport=8080 dport=5422 [ASSURED] mark=0 use=1
tcp      6 21 TIME_WAIT src=172.17.0.1 dst=172.17.0.3 sport=33748 dport=30000 \
src=10.244.2.6 dst=172.17.0.3 sport=8080 dport=53566 [ASSURED] mark=0 use=1
"""
OPEN = Tracked(Way("172.17.0.1:33388", "172.17.0.3:30000"), Way("10.244.1.11:8080", "172.17.0.3:5422"))


def test_an_open_connection_is_told_as_it_came_and_as_its_answers_come_back() -> None:
    assert tracked(LISTED) == {OPEN}


def test_a_way_reads_from_end_to_end() -> None:
    assert str(OPEN.there) == "172.17.0.1:33388 -> 172.17.0.3:30000"


def test_an_empty_table_holds_nothing() -> None:
    assert tracked("") == frozenset()
