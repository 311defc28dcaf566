"""The confidence sequences against scipy's roots of the same equation, and against what they promise."""

from math import log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import brentq
from scipy.special import betaln, xlog1py, xlogy

from evenly.judge import ShareRule, interval, uniform, visible


@pytest.mark.parametrize(("n", "total", "pods"), [(770, 2300, 3), (1, 100, 3), (99, 100, 2), (25, 100, 4), (5000, 150_000, 30)])
def test_the_ends_are_where_the_mixture_reaches_its_limit(n: int, total: int, pods: int) -> None:
    def excess(p: float) -> float:
        return float(betaln(n + 1, total - n + 1) - xlogy(n, p) - xlog1py(total - n, -p) - log(pods / 0.05))

    low, high = interval(n, total, pods)
    assert low == pytest.approx(brentq(excess, 1e-12, n / total), rel=1e-6)
    assert high == pytest.approx(brentq(excess, n / total, 1 - 1e-12), rel=1e-6)


def test_without_connections_every_share_is_possible() -> None:
    assert interval(0, 0, 3) == (0.0, 1.0)


@pytest.mark.parametrize("total", [1, 100, 10_000])
def test_a_pod_that_got_none_or_all_may_have_a_share_of_0_or_1(total: int) -> None:
    assert interval(0, total, 3)[0] == 0
    assert interval(total, total, 3)[1] == 1
    # n = 0: 1 / (total + 1) = limit * (1 - p)^total, solved for p.
    assert interval(0, total, 3)[1] == pytest.approx(1 - (1 / (60 * (total + 1))) ** (1 / total))


@given(st.integers(1, 20_000), st.data())
def test_an_interval_holds_the_share_seen_and_mirrors_that_of_all_other_pods(total: int, data: st.DataObject) -> None:
    n = data.draw(st.integers(0, total))
    low, high = interval(n, total, 3)
    assert 0 <= low <= n / total <= high <= 1
    assert interval(total - n, total, 3) == pytest.approx((1 - high, 1 - low), abs=1e-9)


def test_all_true_shares_are_held_at_every_look_in_95_of_100_runs() -> None:
    random = np.random.default_rng(11)
    runs, missed = 200, 0
    for _ in range(runs):
        got = np.cumsum(random.multinomial(20, (0.5, 0.3, 0.2), size=20), axis=0)
        intervals = (
            (interval(n, 20 * look, 3), share)
            for look, split in enumerate(got.tolist(), start=1)
            for n, share in zip(split, (0.5, 0.3, 0.2), strict=True)
        )
        missed += any(not low <= share <= high for (low, high), share in intervals)
    assert missed / runs < 0.05


def test_of_a_service_that_passes_every_interval_lies_within_delta() -> None:
    split = {"a": 760, "b": 790, "c": 800}
    assert ShareRule(uniform("abc")).look(split).decides is not None
    for n in split.values():
        low, high = interval(n, 2350, 3)
        assert 1 / 3 - 0.05 < low < high < 1 / 3 + 0.05


@pytest.mark.parametrize(("share", "total", "pods"), [(1 / 3, 2_300, 3), (0.1, 1_000, 10), (0.5, 100, 2)])
def test_a_bias_is_visible_from_the_first_count_whose_interval_leaves_out_the_declared_share(
    share: float, total: int, pods: int
) -> None:
    count = round((share + visible(share, total, pods)) * total)
    assert interval(count, total, pods)[0] > share >= interval(count - 1, total, pods)[0]


def test_where_no_count_leaves_out_the_declared_share_nothing_is_visible() -> None:
    assert interval(3, 3, 2)[0] < 0.5
    assert visible(0.5, 3, 2) == 0.5
