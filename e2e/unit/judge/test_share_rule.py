"""The tallies against exact rational arithmetic and enumeration of every outcome."""

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import permutations
from math import exp, factorial, log, prod

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenly.judge import Cause, Law, ShareRule, Word, deviation_to_catch, uniform

PODS = "abc"
THREE = ShareRule(uniform(PODS))
WEIGHTED = ShareRule(Law("weighted", {"a": 0.75, "b": 0.1875, "c": 0.0625}))


def splits(total: int, pods: int) -> Iterator[tuple[int, ...]]:
    """Every way to give so many attempts to so many pods."""
    if pods == 1:
        yield (total,)
        return
    for first in range(total + 1):
        yield from ((first, *rest) for rest in splits(total - first, pods - 1))


def chance(split: Sequence[int], shares: Sequence[float]) -> float:
    """The multinomial probability of these counts."""
    ways = factorial(sum(split)) // prod(factorial(n) for n in split)
    return ways * prod(share**n for share, n in zip(shares, split, strict=True))


def counts(split: Sequence[int]) -> dict[str, int]:
    return dict(zip(PODS, split, strict=False))


def exact(split: Sequence[int], shares: Sequence[Fraction], delta: Fraction) -> tuple[Fraction, Fraction]:
    """The two tallies themselves, min LR and E, as fractions."""
    total = sum(split)
    ratios = [
        (q / b) ** n * ((1 - q) / (1 - b)) ** (total - n)
        for q, n in zip(shares, split, strict=True)
        for b in (q - min(delta, q / 2), q + min(delta, q / 2))
    ]
    k = len(split)
    mixture = Fraction(factorial(k - 1) * prod(factorial(n) for n in split), factorial(total + k - 1))
    mixture /= prod(q**n for q, n in zip(shares, split, strict=True))
    return min(ratios), Fraction((sum(1 / ratio for ratio in ratios) / len(ratios) + mixture) / 2)


@pytest.mark.parametrize("split", [(0, 0, 0), (1, 0, 0), (40, 30, 30), (100, 0, 0), (3, 90, 7), (300, 310, 290)])
@pytest.mark.parametrize("shares", [(Fraction(1, 3),) * 3, (Fraction(3, 4), Fraction(3, 16), Fraction(1, 16))])
def test_both_tallies_are_those_of_exact_arithmetic(split: tuple[int, ...], shares: tuple[Fraction, ...]) -> None:
    rule = THREE if len(set(shares)) == 1 else WEIGHTED
    even, uneven = exact(split, shares, Fraction(1, 20))
    look = rule.look(counts(split))
    assert look.connections == sum(split)
    assert look.ln_even == pytest.approx(log(even), abs=1e-9)
    assert look.ln_uneven == pytest.approx(log(uneven), abs=1e-9)


@pytest.mark.parametrize("rule", [THREE, WEIGHTED, ShareRule(uniform("ab")), ShareRule(Law("canary", {"a": 0.97, "b": 0.03}))])
@pytest.mark.parametrize("total", [1, 2, 9])
def test_uneven_is_a_martingale_of_mean_one_under_the_law(rule: ShareRule, total: int) -> None:
    shares = tuple(rule.law.shares.values())
    mean = sum(chance(split, shares) * exp(rule.look(counts(split)).ln_uneven) for split in splits(total, len(shares)))
    assert mean == pytest.approx(1)


@pytest.mark.parametrize("beyond", [0.0, 0.05])
@pytest.mark.parametrize("sign", [-1, 1])
@pytest.mark.parametrize("rule", [THREE, WEIGHTED])
def test_even_has_a_mean_of_at_most_one_at_an_edge_and_beyond(rule: ShareRule, sign: int, beyond: float) -> None:
    first, *others = rule.law.shares.values()
    off = first + sign * (deviation_to_catch(first) + beyond)
    shares = (off, *(other * (1 - off) / (1 - first) for other in others))
    mean = sum(chance(split, shares) * exp(rule.look(counts(split)).ln_even) for split in splits(12, 3))
    assert 0 < mean <= 1 + 1e-12


@given(st.lists(st.integers(0, 3000), min_size=3, max_size=3), st.integers(0, 30))
def test_permuting_the_pods_changes_nothing_under_equal_shares(split: list[int], unattributed: int) -> None:
    looks = [THREE.look(counts(order), unattributed) for order in permutations(split)]
    assert {look.decides for look in looks} == {looks[0].decides}
    for look in looks:
        assert look.ln_even == pytest.approx(looks[0].ln_even, abs=1e-7)
        assert look.ln_uneven == pytest.approx(looks[0].ln_uneven, abs=1e-7)


@pytest.mark.parametrize("rule", [THREE, WEIGHTED])
@pytest.mark.parametrize("split", [(0, 0, 0), (5, 5, 5), (60, 14, 6), (2, 40, 1), (900, 700, 700)])
@pytest.mark.parametrize("unattributed", [1, 2, 7])
def test_neither_tally_rests_on_a_way_to_give_the_unattributed_to_pods(
    rule: ShareRule, split: tuple[int, ...], unattributed: int
) -> None:
    given_away = [
        rule.look(counts([n + extra for n, extra in zip(split, extras, strict=True)])) for extras in splits(unattributed, 3)
    ]
    look = rule.look(counts(split), unattributed)
    assert look.connections == sum(split) + unattributed
    assert look.ln_even == pytest.approx(min(way.ln_even for way in given_away))
    assert look.ln_uneven <= min(way.ln_uneven for way in given_away) + 1e-9


def test_unattributed_attempts_weaken_a_large_bias_no_more_than_the_way_that_hides_most_of_it() -> None:
    given_away = [THREE.look(counts((90 + x, 5 + y, 5 + z))) for x, y, z in splits(7, 3)]
    hiding_most = min(way.ln_uneven for way in given_away)
    assert THREE.look({"a": 90, "b": 5, "c": 5}, unattributed=7).ln_uneven == pytest.approx(hiding_most, abs=1e-6)


@given(st.lists(st.integers(600, 1000), min_size=3, max_size=3), st.integers(1, 12))
def test_what_is_decided_with_unattributed_attempts_is_decided_whoever_got_them(split: list[int], unattributed: int) -> None:
    word = THREE.look(counts(split), unattributed).decides
    if word:
        ways = (counts([n + extra for n, extra in zip(split, extras, strict=True)]) for extras in splits(unattributed, 3))
        assert {THREE.look(way).decides for way in ways} == {word}


def test_the_mixture_is_levelled_to_its_smallest() -> None:
    def mixture(split: Sequence[int]) -> float:
        return prod(factorial(n) / share**n for n, share in zip(split, WEIGHTED.law.shares.values(), strict=True))

    split = (20, 1, 4)
    smallest = min(mixture([n + extra for n, extra in zip(split, extras, strict=True)]) for extras in splits(9, 3))
    assert mixture(WEIGHTED._anywhere.levelled(split, 9)) == pytest.approx(smallest)


def test_losses_cannot_hide_a_bias() -> None:
    even_but_for_losses: Mapping[str, int] = {"a": 800, "b": 800, "c": 800}
    assert THREE.look(even_but_for_losses).decides is Word.PASS
    assert THREE.look(even_but_for_losses, unattributed=200).decides is None


def test_when_both_tallies_are_large_enough_it_is_a_fail() -> None:
    look = THREE.look({"a": 21_200, "b": 19_400, "c": 19_400})
    assert look.ln_even > log(1e3)
    assert look.ln_uneven > log(1e6)
    assert look.decides is Word.FAIL


@pytest.mark.parametrize(("connections", "word"), [(134, None), (135, Word.PASS)])
def test_a_single_pod_passes_once_nobody_else_can_have_had_five_percent(connections: int, word: Word | None) -> None:
    rule = ShareRule(uniform("a"))
    assert 0.95**135 < 1e-3 < 0.95**134
    assert rule.look({"a": connections}).decides is word
    assert rule.look({"a": connections - 5}, unattributed=5).decides is word


def test_a_pod_that_must_not_answer_is_in_no_tally() -> None:
    rule = ShareRule(Law("weighted", {"a": 0.5, "canary": 0.0, "b": 0.5}))
    assert rule.look({"a": 60, "b": 40}) == ShareRule(uniform("ab")).look({"a": 60, "b": 40})
    with pytest.raises(ValueError, match="share in the law"):
        rule.look({"a": 60, "b": 40, "canary": 1})


@pytest.mark.parametrize("pods", [20, 25, 50, 100])
def test_one_dead_pod_of_many_never_passes(pods: int) -> None:
    rule = ShareRule(uniform(str(pod) for pod in range(pods)))
    looks = [rule.look({str(pod): 0 if pod == 0 else each for pod in range(pods)}) for each in range(1, 1000, 37)]
    assert all(look.decides is not Word.PASS for look in looks)
    assert looks[-1].decides is Word.FAIL


@pytest.mark.parametrize("rate", ["alpha", "beta", "delta"])
def test_a_rate_that_is_none_is_refused(rate: str) -> None:
    with pytest.raises(ValueError, match=rate):
        ShareRule(uniform("ab"), **{rate: 1.0})


def test_other_evidence_shares_alpha() -> None:
    even = {"a": 33, "b": 33, "c": 33}
    own = exp(THREE.look(even).ln_uneven)
    # FAIL is due when the mean of both has reached a million.
    assert THREE.look(even, beside={Cause.ORDER: log(2e6 - own) + 1e-9}).decides is Word.FAIL
    assert THREE.look(even, beside={Cause.ORDER: log(2e6 - own) - 1e-9}).decides is None
    assert exp(THREE.look(even, beside={Cause.ORDER: log(5), Cause.UNRECONCILED: log(7)}).ln_uneven) == pytest.approx(
        (own + 12) / 3
    )


def test_evidence_beside_the_shares_does_not_help_to_pass() -> None:
    even = {"a": 800, "b": 800, "c": 800}
    assert THREE.look(even, beside={Cause.ORDER: log(100)}).ln_even == THREE.look(even).ln_even
