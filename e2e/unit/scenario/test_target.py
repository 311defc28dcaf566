"""The ways into a Service, and what is forgotten while none of them carries a load."""

import pytest

from evenly.errors import EvenlyError
from evenly.k8s.converge import Settled
from evenly.scenario.target import EntryPoints, entry_node, settle_at_rest, zones
from unit.factories import pod
from unit.fakes import FakeTarget, Nodes

ENTRIES = EntryPoints({"one": "10.1.0.1:31000", "two": "10.1.0.2:31000"}, 31000, {"haproxy": "127.0.0.1:30003"})


@pytest.mark.parametrize(
    ("through", "address"), [("", "10.1.0.1:31000"), ("two", "10.1.0.2:31000"), ("haproxy", "127.0.0.1:30003")]
)
def test_a_load_goes_through_the_first_node_unless_it_is_told_otherwise(through: str, address: str) -> None:
    assert ENTRIES.address(through) == address


def test_an_entry_point_that_there_is_not_is_answered_with_those_that_there_are() -> None:
    with pytest.raises(EvenlyError, match=r"a load cannot go through worker\n.*name one of: one, two, haproxy"):
        ENTRIES.address("worker")


@pytest.mark.parametrize(("address", "node"), [("10.1.0.2:31000", "two"), ("127.0.0.1:30003", ""), ("10.9.9.9:80", "")])
def test_an_address_is_a_nodes_or_none_s(address: str, node: str) -> None:
    assert ENTRIES.node_at(address) == node


@pytest.mark.parametrize(
    ("clients", "entry"), [((), "one"), (("a", "a"), "a"), (("a", "b"), "")], ids=["outside", "one node", "two nodes"]
)
def test_the_rules_that_choose_are_those_where_a_connection_begins(clients: tuple[str, ...], entry: str) -> None:
    target = FakeTarget(clients=tuple(pod("c", node=node) for node in clients))
    assert entry_node(target, "one") == entry


def test_zones_are_those_of_the_nodes() -> None:
    assert zones(FakeTarget()) == {"one": "", "two": ""}


@pytest.mark.parametrize(
    ("through", "unanswered", "forgotten"),
    [("", 1, [(("one",), 30000)]), ("two", 3, [(("two",), 30000)]), ("two", 0, []), ("haproxy", 1, [])],
)
def test_probes_that_were_lost_are_forgotten_by_the_node_that_they_went_through(
    through: str, unanswered: int, forgotten: list[object]
) -> None:
    nodes, target = Nodes(), FakeTarget(settled=Settled((), opened=True, unanswered=unanswered))
    settle_at_rest(target, nodes, through, 50)
    assert target.settles == [f"{through} 50"]
    assert nodes.forgotten == forgotten
