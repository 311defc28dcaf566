"""A load over a load balancer is judged over the nodes by what the pods saw; a cluster of somebody's has its own provider."""

from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenly import limits
from evenly.cluster.foreign_cluster import ForeignCluster
from evenly.errors import EvenlyError, NotApplicableError
from evenly.judge.law import uniform
from evenly.judge.share_rule import ShareRule
from evenly.judge.verdict import Cause, Word
from evenly.k8s import nodes, services
from evenly.k8s.nodes import Node
from evenly.load.answer import ErrorKind
from evenly.load.rows import HEADER
from evenly.scenario import load_balancer
from evenly.scenario.load_balancer import LoadBalancer, before, check_no_provider, entries, judged
from evenly.scenario.outcome import Outcome
from evenly.settings import Settings
from unit.factories import lost, row

NODES = (Node("a", "172.18.0.2", "10.244.0.0/24"), Node("b", "172.18.0.3", "10.244.1.0/24"), Node("c", "172.18.0.4", ""))
RULE = ShareRule(uniform("abc"))


def in_turn(connections: int, weights: tuple[int, ...] = (1, 1, 1)) -> list[str | None]:
    turn = [name for name, weight in zip("abc", weights, strict=True) for _ in range(weight)]
    return [turn[number % len(turn)] for number in range(connections)]


def test_a_connection_is_counted_for_the_node_that_it_came_in_by() -> None:
    rows = [row(1, client="172.18.0.2"), row(2, client="10.244.1.1"), lost(3, ErrorKind.RESET), row(4, client="10.9.9.9")]
    assert entries(rows, NODES) == ["a", "b", None, None]


def test_later_requests_on_a_connection_are_no_choices_of_a_node() -> None:
    assert entries([row(1, client="172.18.0.2"), row(2, client="172.18.0.2", request=2)], NODES) == ["a"]


@given(connections=st.integers(1_400, 20_000), seed=st.integers(0, 1_000))
def test_turns_pass_wherever_the_pods_shares_do(connections: int, seed: int) -> None:
    """HAProxy's turns leave nodes at most one connection apart, which is closer than pods that chance has svc."""
    pods = Counter(dict.fromkeys("abc", 0))
    pods.update(Random(seed).choices("abc", k=connections))  # noqa: S311 - a simulation
    if RULE.look(pods).decides is Word.PASS:
        assert judged(RULE, in_turn(connections)).word is Word.PASS


@pytest.mark.parametrize("weights", [(3, 1, 1), (2, 1, 1), (1, 1, 0)])
def test_a_node_that_gets_more_or_less_fails_for_its_share(weights: tuple[int, ...]) -> None:
    verdict = judged(RULE, in_turn(1_400, weights))
    assert (verdict.word, verdict.cause, verdict.connections) == (Word.FAIL, Cause.SHARES, 1_400)


def test_connections_that_nobody_knows_the_node_of_do_not_pass() -> None:
    assert judged(RULE, in_turn(5_000)).word is Word.PASS
    assert judged(RULE, [*in_turn(2_500), *[None] * 2_500]).cause is Cause.UNDECIDED
    assert judged(RULE, []).cause is Cause.UNDECIDED


Balanced = Callable[..., tuple[LoadBalancer, Outcome]]


@pytest.fixture
def balanced(tmp_path: Path) -> Balanced:
    """A load balancer, and a load through it whose clients the pods saw as these."""

    def over(*clients: str, meant: tuple[Node, ...] = NODES) -> tuple[LoadBalancer, Outcome]:
        folder = tmp_path / "evidence" / "svc"
        folder.mkdir(parents=True)
        lines = [",".join(HEADER), *(f"{n},0,1,1,p,u,w,{n},1,{client}," for n, client in enumerate(clients, 1))]
        (folder / "rows.csv").write_text("".join(f"{line}\n" for line in lines))
        bed = SimpleNamespace(settings=Settings())
        outcome = Outcome(cast("Any", SimpleNamespace(name="svc")), "", tmp_path / "report.html")
        return LoadBalancer("haproxy", "172.18.0.5", "", NODES, meant, cast("Any", bed)), outcome

    return over


def test_the_table_names_every_node_and_what_is_unknown(balanced: Balanced) -> None:
    balancer, outcome = balanced("172.18.0.2", "1.2.3.4")
    table = balancer.table(outcome)
    assert [line.split() for line in table.splitlines()] == [["a", "1"], ["b", "0"], ["c", "0"], ["unknown", "1"]]


def test_where_pods_do_not_see_the_node_its_share_is_not_applicable(balanced: Balanced) -> None:
    balancer, outcome = balanced(*["172.18.0.2", "172.18.0.3", "172.18.0.4", "1.2.3.4"] * 500)
    with pytest.raises(NotApplicableError, match=r"by which node 500 of 2,000 connections came in"):
        balancer.over_nodes(outcome)


A, B, C = (node.address for node in NODES)


@pytest.mark.parametrize(
    ("turns", "word"),
    [([B, C], Word.PASS), ([A, B, C], Word.PASS), ([A], Word.FAIL), ([B], Word.FAIL), ([A, B, C, B, C, B, C], Word.FAIL)],
    ids=["the meant", "all", "another alone", "one of the meant", "another less"],
)
def test_a_node_that_is_not_meant_counts_where_it_is_sent_to(balanced: Balanced, turns: list[str], word: Word) -> None:
    balancer, outcome = balanced(*turns * 1_000, meant=NODES[1:])
    assert balancer.over_nodes(outcome).word is word


def test_a_few_unknown_ones_leave_what_is_decided_as_it_is(balanced: Balanced) -> None:
    balancer, outcome = balanced(*["172.18.0.2", "172.18.0.3", "172.18.0.4"] * 1_000, "1.2.3.4")
    assert balancer.over_nodes(outcome).word is Word.PASS


@pytest.fixture
def somebodys(monkeypatch: pytest.MonkeyPatch) -> Any:  # noqa: ANN401 - stands for a Service under test and its bench
    """A Service in a cluster that was not made here: one of ``addresses`` at each question for it, one of ``answers`` there."""
    monkeypatch.setattr(limits, "PROVIDER_S", 0.2)
    played = SimpleNamespace(addresses=[""], answers=[None], entries={}, meant=NODES[1:])
    monkeypatch.setattr(nodes, "everyone", lambda _, selector="": played.meant if selector == nodes.FOR_BALANCERS else NODES)
    monkeypatch.setattr(load_balancer, "prober", lambda _: lambda: played.answers.pop(0) if played.answers else None)
    monkeypatch.setattr(
        services, "external_address", lambda *_: played.addresses.pop(0) if len(played.addresses) > 1 else played.addresses[0]
    )
    played.bed = SimpleNamespace(api=None, cluster=ForeignCluster("theirs", Path("config"), {}, "theirs"))
    played.svc = SimpleNamespace(name="spring-service", home=None, add_entry_point=played.entries.__setitem__)
    return played


def test_what_a_provider_gives_is_waited_for_and_becomes_an_entry_point(somebodys: Any) -> None:  # noqa: ANN401 - same
    somebodys.addresses = ["", "", "203.0.113.7"]
    somebodys.answers = [None, "uid"]
    with before(somebodys.svc, somebodys.bed) as balancer:
        assert balancer.address == "203.0.113.7"
        assert somebodys.entries == {balancer.name: "203.0.113.7:8080"}
        assert (balancer.nodes, balancer.meant) == (NODES, NODES[1:])


def test_over_a_single_node_nothing_is_svc(somebodys: Any) -> None:  # noqa: ANN401 - same
    somebodys.meant = NODES[2:]
    with ExitStack() as stack, pytest.raises(NotApplicableError, match="because c is all that load balancers are to send to"):
        stack.enter_context(before(somebodys.svc, somebodys.bed))


def test_an_address_where_nobody_answers_cannot_tell(somebodys: Any) -> None:  # noqa: ANN401 - same
    somebodys.addresses = ["203.0.113.7"]
    with ExitStack() as stack, pytest.raises(EvenlyError, match=r"not answered at 203\.0\.113\.7:8080 within 0\.2 s") as told:
        stack.enter_context(before(somebodys.svc, somebodys.bed))
    assert not isinstance(told.value, NotApplicableError)


@pytest.mark.parametrize(
    ("favours", "words"),
    [("", "because this cluster gave spring-service no"), ("a", "because evenly did not make theirs: .* favour a node")],
)
def test_where_no_provider_gives_an_address_the_test_is_not_applicable(
    somebodys: Any,  # noqa: ANN401 - same
    favours: str,
    words: str,
) -> None:
    with ExitStack() as stack, pytest.raises(NotApplicableError, match=words):
        stack.enter_context(before(somebodys.svc, somebodys.bed, favours))


def test_what_takes_no_provider_is_not_applicable_once_there_is_an_address(somebodys: Any) -> None:  # noqa: ANN401 - same
    check_no_provider(somebodys.svc, somebodys.bed)
    somebodys.addresses = ["", "203.0.113.7"]
    with pytest.raises(NotApplicableError, match=r"has a provider: it gave spring-service 203\.0\.113\.7"):
        check_no_provider(somebodys.svc, somebodys.bed)
