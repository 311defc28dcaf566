"""The fixed plans against scipy's binomial distribution."""

from itertools import count
from math import ceil, floor

import numpy as np
import pytest
from scipy.stats import binom

from evenly.judge import Law, ShareRule, cap, deviation_to_catch, fixed_plan, uniform

DOCUMENTED = [
    (0.10, 1e-6, 1e-3, 1_557, 95),
    (0.05, 1e-3, 1e-2, 3_177, 95),
    (0.05, 1e-6, 1e-3, 6_117, 188),
    (0.02, 1e-6, 1e-3, 37_716, 467),
    (0.01, 1e-6, 1e-3, 150_297, 933),
]


def smallest_margin(connections: int, share: float, alpha: float) -> int:
    """The first margin outside of which the count falls with at most this probability."""
    expected = connections * share
    margins = np.arange(min(connections, 2000))
    outside = binom.cdf(np.ceil(expected - margins - 1e-6) - 1, connections, share)
    outside += binom.sf(np.floor(expected + margins + 1e-6), connections, share)
    return int(np.argmax(outside <= alpha))


def false_pass(connections: int, share: float, margin: int, delta: float) -> float:
    """The larger of the probabilities, at the two edges, that the count is not beyond the margin."""
    expected, deviation = connections * share, deviation_to_catch(share, delta)
    below = binom.sf(ceil(expected - margin - 1e-6) - 1, connections, share - deviation)
    above = binom.cdf(floor(expected + margin + 1e-6), connections, share + deviation) if share + deviation < 1 else 0
    return float(max(below, above))


@pytest.mark.parametrize(("delta", "alpha", "beta", "connections", "margin"), DOCUMENTED)
def test_the_plan_for_three_pods_is_the_documented_one(
    delta: float, alpha: float, beta: float, connections: int, margin: int
) -> None:
    plan = fixed_plan(1 / 3, 3, alpha=alpha, beta=beta, delta=delta)
    # The documented sizes were searched in steps and with the pods' joint distribution; Bonferroni costs 0.2 % at most.
    assert plan.connections == pytest.approx(connections, rel=0.002)
    assert abs(plan.margin - margin) <= 1
    assert smallest_margin(connections, 1 / 3, alpha / 3) == margin


@pytest.mark.parametrize(
    ("pods", "delta", "alpha", "beta"), [(2, 0.2, 1e-3, 1e-2), (3, 0.15, 1e-4, 1e-3), (10, 0.05, 1e-2, 1e-2)]
)
def test_no_shorter_plan_keeps_both_rates(pods: int, delta: float, alpha: float, beta: float) -> None:
    plan = fixed_plan(1 / pods, pods, alpha=alpha, beta=beta, delta=delta)
    first = next(
        connections
        for connections in count(pods, pods)
        if false_pass(connections, 1 / pods, smallest_margin(connections, 1 / pods, alpha / pods), delta) <= beta
    )
    assert plan.connections == first
    assert plan.margin == smallest_margin(first, 1 / pods, alpha / pods)


@pytest.mark.parametrize("share", [0.999, 0.95, 0.7, 0.3, 0.05, 0.01])
def test_a_plan_for_a_declared_share_keeps_both_rates(share: float) -> None:
    plan = fixed_plan(share, 2, alpha=1e-6, beta=1e-3, delta=0.05)
    assert smallest_margin(plan.connections, share, 1e-6 / 2) <= plan.margin
    assert false_pass(plan.connections, share, plan.margin, 0.05) <= 1e-3
    shorter = round(plan.connections * 0.97)
    assert false_pass(shorter, share, smallest_margin(shorter, share, 1e-6 / 2), 0.05) > 1e-3


def test_a_single_pod_needs_as_many_as_make_five_percent_for_others_incredible() -> None:
    assert fixed_plan(1.0, 1, alpha=1e-6, beta=1e-3, delta=0.05).connections == 135


def test_the_cap_is_twice_the_longest_plan_of_the_pods_that_may_answer() -> None:
    plans = [fixed_plan(share, 2, alpha=1e-6, beta=1e-3, delta=0.05).connections for share in (0.95, 0.05)]
    assert cap(ShareRule(Law("weighted", {"stable": 0.95, "off": 0.0, "canary": 0.05}))) == 2 * max(plans)


def test_the_cap_for_three_pods_leaves_a_fair_service_five_times_what_it_needs() -> None:
    assert cap(ShareRule(uniform("abc"))) == 2 * 6_114


def test_a_delta_that_no_load_can_show_is_refused() -> None:
    with pytest.raises(ValueError, match="too small to plan for"):
        fixed_plan(1 / 3, 3, alpha=1e-6, beta=1e-3, delta=1e-5)
