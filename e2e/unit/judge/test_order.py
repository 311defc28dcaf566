"""The order rule against exact rational arithmetic over every sequence, and against Services that remember."""

from collections import Counter
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import cycle, islice, pairwise, product
from math import exp, inf, log, prod

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenly.judge import Cause, Order, ShareRule, Word, uniform, weighted

UNEQUAL = {"a": Fraction(1, 2), "b": Fraction(1, 3), "c": Fraction(1, 6)}
LAW = weighted({pod: float(share) for pod, share in UNEQUAL.items()})
ALL_OF_SIX = list(product("abc", repeat=6))


def chance(pods: Sequence[str]) -> Fraction:
    return prod((UNEQUAL[pod] for pod in pods), start=Fraction(1))


def exact(pods: Sequence[str]) -> Fraction:
    """The evidence itself: the mean of the three bets, each multiplied up pair by pair."""
    pairs = list(pairwise(pods))
    surplus = [(before == pod) - UNEQUAL[before] for before, pod in pairs]
    pattern = Fraction(1)
    for number, (before, pod) in enumerate(pairs):
        earlier = Counter(pairs[:number])
        followed = sum(n for (first, _), n in earlier.items() if first == before)
        pattern *= (earlier[before, pod] + UNEQUAL[pod]) / (followed + 1) / UNEQUAL[pod]
    return (prod((1 + s for s in surplus), start=Fraction(1)) + prod((1 - s for s in surplus), start=Fraction(1)) + pattern) / 3


def ln_order(pods: Sequence[str | None]) -> float:
    order = Order(LAW)
    for pod in pods:
        order.count(pod)
    return order.ln_evidence


@pytest.mark.parametrize("length", range(1, 7))
def test_under_unequal_shares_the_mean_over_all_sequences_is_exactly_one(length: int) -> None:
    assert sum(chance(pods) * exact(pods) for pods in product("abc", repeat=length)) == 1


def test_the_evidence_is_that_of_exact_arithmetic_for_every_sequence_of_six() -> None:
    assert [ln_order(pods) for pods in ALL_OF_SIX] == pytest.approx([log(exact(pods)) for pods in ALL_OF_SIX], abs=1e-12)


def test_where_a_pod_answers_twice_in_a_row_more_often_than_declared_the_mean_is_above_one() -> None:
    def remembering(pods: Sequence[str]) -> float:
        pairs = pairwise(pods)
        return float(UNEQUAL[pods[0]]) * prod((pod == before) / 2 + float(UNEQUAL[pod]) / 2 for before, pod in pairs)

    assert sum(remembering(pods) for pods in ALL_OF_SIX) == pytest.approx(1)
    assert sum(remembering(pods) * exp(ln_order(pods)) for pods in ALL_OF_SIX) > 2


@pytest.mark.parametrize("losing", ["a", "b", "c"])
def test_a_pod_whose_answers_are_lost_makes_no_evidence(losing: str) -> None:
    def mean(of: Iterator[Sequence[str | None]]) -> float:
        return sum(float(chance(pods)) * exp(ln_order(seen)) for pods, seen in zip(ALL_OF_SIX, of, strict=True))

    assert mean(tuple(None if pod == losing else pod for pod in pods) for pods in ALL_OF_SIX) <= 1
    # The control: leaving the lost attempts out would make evidence of nothing.
    assert mean(tuple(pod for pod in pods if pod != losing) for pods in ALL_OF_SIX) > 1


def decided_after(pods: Iterator[str], rule: ShareRule) -> float:
    """After how many of 200 connections the order, with the shares beside it, fails a Service; infinite where it does not."""
    order, counts = Order(rule.law), dict.fromkeys(rule.law.shares, 0)
    for number, pod in enumerate(islice(pods, 200), start=1):
        order.count(pod)
        counts[pod] += 1
        if rule.look(counts, beside={Cause.ORDER: order.ln_evidence}).decides is Word.FAIL:
            return number
    return inf


@pytest.mark.parametrize(("pods", "at_most"), [(2, 36), (3, 36), (5, 36), (10, 36), (20, 36), (50, 60), (100, 110)])
def test_round_robin_is_failed_within_a_few_dozen_connections_or_little_more_than_one_round(pods: int, at_most: int) -> None:
    names = [str(pod) for pod in range(pods)]
    assert decided_after(cycle(names), ShareRule(uniform(names))) <= at_most


@pytest.mark.parametrize("pods", [2, 3, 10, 100])
def test_a_client_that_is_kept_on_one_pod_is_failed_within_a_few_dozen_connections(pods: int) -> None:
    names = [str(pod) for pod in range(pods)]
    assert decided_after(cycle(names[:1]), ShareRule(uniform(names))) <= 36


def test_even_shares_alone_do_not_tell_round_robin() -> None:
    rule = ShareRule(uniform("abc"))
    assert rule.look({"a": 67, "b": 67, "c": 66}).decides is None


def test_a_random_order_is_no_evidence() -> None:
    # Every pair once: a de Bruijn sequence.
    assert decided_after(iter("aabbccacba" * 3), ShareRule(uniform("abc"))) == inf
    assert ln_order("aabbccacba") < log(10)


def test_a_single_pod_has_no_order() -> None:
    order = Order(uniform("a"))
    for pod in ("a", "a", None, "a", "a"):
        order.count(pod)
    assert order.ln_evidence == 0


@given(st.lists(st.sampled_from([*"abc", None]), max_size=60), st.permutations("abc"))
def test_permuting_the_pods_changes_nothing_under_equal_shares(pods: list[str | None], names: list[str]) -> None:
    renamed = dict(zip("abc", names, strict=True))
    orders = Order(uniform("abc")), Order(uniform(names))
    for pod in pods:
        orders[0].count(pod)
        orders[1].count(pod and renamed[pod])
    assert orders[0].ln_evidence == pytest.approx(orders[1].ln_evidence, abs=1e-9)
