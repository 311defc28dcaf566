"""A node's choice is read in whichever mode kube-proxy works, and changed by one command on the node."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from evenly.errors import EvenlyError
from evenly.k8s.proxy_rules import choice, iptables, nftables
from evenly.k8s.proxy_rules.rules import Choice
from evenly.process import ProgramError

SAVED = Path(__file__).with_name("iptables-save.txt").read_text()
LISTED = Path(__file__).with_name("nft-list.txt").read_text()
OTHERS = "\n".join(line for line in SAVED.splitlines() if "spring-service" not in line)
ONE_POD = "\n".join(line for line in SAVED.splitlines() if "--probability" not in line)


class Node:
    """Plays a node that prints its rules, or has no table of kube-proxy's, and keeps what else it is told."""

    def __init__(self, saved: str, listed: str | None = None) -> None:
        self.printed = {iptables.LIST: saved, nftables.LIST: listed}
        self.told: list[tuple[str, ...]] = []

    def exec(self, node: str, *command: str) -> str:
        assert node == "worker"
        if command not in self.printed:
            self.told.append(command)
            return ""
        printed = self.printed[command]
        if printed is None:
            raise ProgramError("nft ended with exit code 1", "see its words")
        return printed


def read(node: Any) -> Choice | None:  # noqa: ANN401 - plays the way onto the nodes
    return choice.read(node, "worker", "evenly-70f8-path", "spring-service", "http")


def change(node: Any, found: Choice | None, chance: float) -> str:  # noqa: ANN401 - same
    return choice.change(node, "worker", found, chance)


@pytest.mark.parametrize("node", [Node(SAVED), Node("*nat", LISTED)], ids=["iptables", "nftables"])
def test_the_first_address_gets_another_chance_or_none(node: Node) -> None:
    found = read(node)
    assert found
    assert change(node, found, 0.2) == "10.244.1.10:8080"
    assert change(node, found, 0) == "10.244.1.10:8080"
    assert node.told == [found.change(0.2), found.change(0)]


@pytest.mark.parametrize(
    "node",
    [Node(""), Node("", ""), Node(OTHERS), Node(ONE_POD)],
    ids=["no table", "no Services", "others' rules alone", "one pod"],
)
def test_where_nothing_is_chosen_nothing_is_changed(node: Node) -> None:
    with pytest.raises(EvenlyError, match="worker has no rules that choose between pods"):
        change(node, read(node), 0.2)
    assert node.told == []


def test_a_node_that_nobody_gets_onto_is_not_taken_for_one_without_rules() -> None:
    def refused(*_: str) -> str:
        raise ProgramError("docker ended with exit code 1", "see its words")

    with pytest.raises(ProgramError, match="docker ended"):
        read(SimpleNamespace(exec=refused))
