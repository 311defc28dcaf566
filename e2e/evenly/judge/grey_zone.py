"""What a PASS may have missed: how often biases smaller than delta are passed."""

from collections.abc import Mapping
from math import isclose
from types import MappingProxyType

from evenly.judge.share import ALPHA, BETA, DELTA, ShareRule

_THREE_EVEN_PODS: Mapping[float, float] = MappingProxyType({0.01: 0.999, 0.02: 0.88, 0.03: 0.19, 0.04: 0.006})
_NONE: Mapping[float, float] = MappingProxyType({})


def pass_rates(rule: ShareRule) -> Mapping[float, float]:
    """Return, by bias, the rate at which a Service is passed that gives one pod so much more or less than its share.

    Biases and rates are shares (0.02 = 2 percentage points). The other pods share the rest evenly; of both directions the
    rate is the larger. Known for three even pods at the default rates, looked at every 100 connections, and empty otherwise.
    Source: 20,000 runs of this rule for each bias and direction (standard error at most 0.003), capped at twice the fixed plan.
    """
    answering = rule.law.answering.values()
    even = len(answering) == 3 and all(isclose(share, 1 / 3, abs_tol=1e-6) for share in answering)  # noqa: PLR2004 - as simulated
    return _THREE_EVEN_PODS if even and (rule.alpha, rule.beta, rule.delta) == (ALPHA, BETA, DELTA) else _NONE
