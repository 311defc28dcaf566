"""The drift rule against exact rational arithmetic over every split, and against Services that change while the load runs."""

from collections import Counter
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import product
from math import comb, exp, log, prod

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenly.judge import Cause, Drift, ShareRule, Word, uniform, weighted

UNEQUAL = (Fraction(1, 2), Fraction(1, 4), Fraction(1, 4))
LAW = weighted(dict(zip("abc", map(float, UNEQUAL), strict=True)))
TWOS = [(2, 0, 0), (0, 2, 0), (0, 0, 2), (1, 1, 0), (1, 0, 1), (0, 1, 1)]  # every block of two connections
Blocks = Sequence[Sequence[int]]


def chance(blocks: Blocks) -> Fraction:
    """The probability of these blocks of two connections each."""
    each = (Fraction(comb(2, max(block)) * prod(q**n for q, n in zip(UNEQUAL, block, strict=True))) for block in blocks)
    return prod(each, start=Fraction(1))


def ratio(blocks: Blocks) -> Fraction:
    """The evidence of one window, connection by connection: the chance foreseen from those before, over the declared one."""
    a = 1 / (6 * Fraction(1, 20) ** 2)  # three deviations of 5 points
    weights = [a * q for q in UNEQUAL]
    evidence = Fraction(1)
    for pod, n in enumerate(map(sum, zip(*blocks, strict=True))):
        for _ in range(n):
            evidence *= weights[pod] / sum(weights) / UNEQUAL[pod]
            weights[pod] += 1
    return evidence


def exact(blocks: Blocks) -> Fraction:
    windows = ([ratio(blocks[i : i + length]) for i in range(0, len(blocks), length)] for length in (1, 2, 4, 8))
    return sum((prod(ratios, start=Fraction(1)) for ratios in windows), start=Fraction(0)) / 4


def ln_drift(blocks: Blocks) -> float:
    drift = Drift(LAW)
    for block in blocks:
        drift.count(block)
    return drift.ln_evidence


@pytest.mark.parametrize("blocks", [1, 2, 3])
def test_the_mean_over_all_splits_is_exactly_one(blocks: int) -> None:
    assert sum(chance(split) * exact(split) for split in product(TWOS, repeat=blocks)) == 1


def test_the_evidence_is_that_of_exact_arithmetic_for_every_split_of_three_blocks() -> None:
    splits = list(product(TWOS, repeat=3))
    assert [ln_drift(split) for split in splits] == pytest.approx([log(exact(split)) for split in splits], abs=1e-9)


@pytest.mark.parametrize("blocks", [[(9, 30, 61)] * 9, [(60, 20, 20), (40, 40, 20), (50, 10, 40)] * 6])
def test_the_evidence_is_that_of_exact_arithmetic_over_several_windows(blocks: Blocks) -> None:
    assert ln_drift(blocks) == pytest.approx(log(exact(blocks)))


def test_of_shares_that_are_not_the_declared_ones_the_mean_is_above_one() -> None:
    likely = {(2, 0, 0): 0.0, (0, 2, 0): 0.5, (0, 0, 2): 0.5}
    assert sum(p * exp(ln_drift([block])) for block, p in likely.items()) > 1


def test_a_drift_is_reported_in_at_most_5_of_100_fair_runs_at_a_rate_of_5_percent() -> None:
    random = np.random.default_rng(20261124)
    runs = 400
    highest = []
    for blocks in random.multinomial(100, (0.5, 0.25, 0.25), size=(runs, 24)).tolist():
        drift, seen = Drift(LAW), []
        for block in blocks:
            drift.count(block)
            seen.append(drift.ln_evidence)
        highest.append(max(seen))
    assert 0 < sum(ln_e >= log(20) for ln_e in highest) / runs <= 0.05


def judged(blocks: Iterator[Sequence[int]], *, drift: Drift | None) -> Word | None:
    """What the shares say, with the drift beside them or alone."""
    rule = ShareRule(uniform("abc"))
    got = [0, 0, 0]
    for block in blocks:
        got = [n + more for n, more in zip(got, block, strict=True)]
        if drift:
            drift.count(block)
        look = rule.look(dict(zip("abc", got, strict=True)), beside={Cause.ORDER: drift.ln_evidence} if drift else {})
        if look.decides:
            return look.decides
    return None


def test_one_pod_for_a_third_of_the_load_each_is_failed_at_the_first_block() -> None:
    drift = Drift(uniform("abc"))
    drift.count((100, 0, 0))
    assert drift.ln_evidence > log(2e6)


@pytest.mark.parametrize(("blocks", "decided"), [(1, 12), (2, 6), (4, 4), (8, 8)])
def test_a_load_that_is_even_in_all_and_at_no_moment_is_failed(blocks: int, decided: int) -> None:
    shares = [(50, 25, 25)] * blocks + [(25, 50, 25)] * blocks + [(25, 25, 50)] * blocks
    assert [sum(pod) for pod in zip(*shares, strict=True)] == [100 * blocks] * 3
    assert judged(iter((shares * 8)[:decided]), drift=Drift(uniform("abc"))) is Word.FAIL


def rotating(random: np.random.Generator) -> Iterator[list[int]]:
    """45, 28 and 27 of 100 connections, handed on to the next pod after every 500."""
    for number in range(122):
        yield random.multinomial(100, np.roll((0.45, 0.28, 0.27), number // 5)).tolist()


def test_shares_that_rotate_every_500_are_failed_in_nine_of_ten_runs_and_by_the_shares_alone_in_few() -> None:
    random = np.random.default_rng(20261124)
    beside = Counter(judged(rotating(random), drift=Drift(uniform("abc"))) for _ in range(150))
    alone = Counter(judged(rotating(random), drift=None) for _ in range(150))
    assert beside[Word.FAIL] >= 135
    assert alone[Word.FAIL] <= 75


def test_an_even_load_passes_with_the_drift_beside_it() -> None:
    assert judged(iter([(34, 33, 33), (33, 34, 33), (33, 33, 34)] * 20), drift=Drift(uniform("abc"))) is Word.PASS


def test_lost_attempts_make_no_more_evidence_than_any_way_to_give_them_to_pods() -> None:
    lossy, whole = Drift(LAW), [Drift(LAW) for _ in range(3)]
    lossy.count((50, 10, 30), unattributed=10)
    for drift, block in zip(whole, [(60, 10, 30), (50, 20, 30), (50, 10, 40)], strict=True):
        drift.count(block)
    assert lossy.ln_evidence <= min(drift.ln_evidence for drift in whole)


def test_what_was_lost_in_one_window_counts_in_no_other() -> None:
    drift, fresh = Drift(LAW), Drift(LAW)
    for _ in range(8):  # windows of every length end with the eighth block
        drift.count((50, 20, 20), unattributed=10)
    before = drift.ln_evidence
    drift.count((70, 15, 15))
    fresh.count((70, 15, 15))
    assert drift.ln_evidence - before == pytest.approx(fresh.ln_evidence)


@given(st.lists(st.lists(st.integers(0, 60), min_size=3, max_size=3), max_size=12), st.permutations(range(3)))
def test_permuting_the_pods_changes_nothing_under_equal_shares(blocks: list[list[int]], order: list[int]) -> None:
    drifts = Drift(uniform("abc")), Drift(uniform("abc"))
    for block in blocks:
        drifts[0].count(block)
        drifts[1].count([block[pod] for pod in order])
    assert drifts[0].ln_evidence == pytest.approx(drifts[1].ln_evidence, abs=1e-7)


def test_a_single_pod_cannot_drift() -> None:
    drift = Drift(uniform("a"))
    drift.count([70], unattributed=30)
    assert drift.ln_evidence == pytest.approx(0)
