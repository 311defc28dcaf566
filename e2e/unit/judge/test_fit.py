"""Which law a sample is said to fit: of Services whose law is known, and of such that keep the declared one."""

import random
from collections.abc import Sequence
from fractions import Fraction
from itertools import product
from math import exp, log

import pytest
from scipy.stats import multinomial

from evenly.judge import Attempt, Law, Pick, better_fit, round_robin, sticky, uniform, weighted
from evenly.judge import fit as fits

DECLARED = uniform("abc")


def made(pods: Sequence[str | None], clients: Sequence[int] | None = None) -> list[Attempt]:
    by = clients or [0] * len(pods)
    return [Attempt(number, pod, str(client)) for number, (pod, client) in enumerate(zip(pods, by, strict=True), start=1)]


def drawn(connections: int, **shares: float) -> list[str]:
    return random.Random(5).choices([*shares], [*shares.values()], k=connections)  # noqa: S311 - a draw, not a secret


CLIENTS = [number * number % 11 for number in range(300)]


@pytest.mark.parametrize(
    ("declared", "attempts", "name"),
    [
        pytest.param(DECLARED, made(drawn(300, a=1, b=1)), "even over 2 of 3 pods", id="a dead pod"),
        pytest.param(DECLARED, made(["b"] * 100), "even over 1 of 3 pods", id="all on one pod"),
        pytest.param(DECLARED, made(drawn(3000, a=5, b=3, c=3)), "weighted as seen", id="a hot pod"),
        pytest.param(DECLARED, made("bca" * 30), "round robin", id="in turn"),
        pytest.param(DECLARED, made(["abc"[client % 3] for client in CLIENTS], CLIENTS), "sticky", id="by client"),
        pytest.param(weighted({"a": 0.7, "b": 0.3}), made(drawn(300, a=1, b=1)), "uniform random", id="weights not applied"),
        pytest.param(round_robin("abc"), made(drawn(300, a=1, b=1, c=1)), "uniform random", id="random instead of turns"),
        pytest.param(sticky("abc"), made("abc" * 40, [1, 1, 1] * 40), "round robin", id="affinity not applied"),
    ],
)
def test_the_law_that_was_followed_is_named(declared: Law, attempts: list[Attempt], name: str) -> None:
    fit = better_fit(declared, attempts)
    assert fit is not None
    assert fit.law.name == name


@pytest.mark.parametrize(
    ("declared", "attempts"),
    [
        (DECLARED, made(drawn(3000, a=1, b=1, c=1), [number % 8 for number in range(3000)])),
        (weighted({"a": 0.7, "b": 0.3}), made(drawn(3000, a=7, b=3))),
        (round_robin("abc"), made("abc" * 100)),
        (sticky("abc"), made(["abc"[client % 3] for client in CLIENTS], CLIENTS)),
        (uniform("a"), made("a" * 100)),
        (DECLARED, made([None, "stray"] * 100)),
        (DECLARED, made([])),
    ],
)
def test_of_a_sample_that_keeps_its_law_nothing_is_said(declared: Law, attempts: list[Attempt]) -> None:
    assert better_fit(declared, attempts) is None


def test_the_sentence_says_how_many_times_as_likely() -> None:
    fit = better_fit(DECLARED, made("a" * 10))
    assert fit is not None
    # 3^10, over the price of one of three sizes and one of three choices of that size
    assert fit.ln_times == pytest.approx(log(3**10 / 9))
    assert fit.sentence == (
        "These 10 connections are 6,561 times as likely under the law “even over 1 of 3 pods” as under the declared law "
        "“uniform random”."
    )


def test_a_figure_beyond_a_million_is_not_spelled_out() -> None:
    fit = better_fit(DECLARED, made("a" * 100))
    assert fit is not None
    assert "are more than 1,000,000 times as likely" in fit.sentence


def test_what_is_left_out_changes_nothing() -> None:
    with_losses = [pod for one in drawn(300, a=1, b=1) for pod in (one, None, "stray")]
    assert better_fit(DECLARED, made(with_losses)) == better_fit(DECLARED, made(drawn(300, a=1, b=1)))


def test_the_likelihood_of_weights_as_seen_is_the_mean_over_all_weights() -> None:
    pods = [*"a" * 90, *"b" * 60, *"c" * 30]
    random.Random(5).shuffle(pods)  # noqa: S311 - a shuffle, not a secret
    fit = better_fit(DECLARED, made(pods))
    assert fit is not None
    assert fit.law.shares == pytest.approx({"a": 1 / 2, "b": 1 / 3, "c": 1 / 6})
    # Under a uniform prior every split of 180 is as likely: 1 of 182 * 181 / 2.
    assert exp(fit.ln_times) == pytest.approx(1 / (182 * 181 / 2) / multinomial.pmf([90, 60, 30], 180, [1 / 3] * 3))


def test_under_the_declared_law_the_rivals_are_together_as_likely_as_it_at_most() -> None:
    sums = [Fraction(0)] * 4
    for pods in product("abc", repeat=5):
        attempts = made(pods, [1, 2, 1, 2, 1])
        of_declared = fits._ln_likelihood(DECLARED, attempts)
        rivals = [ln_likelihood - of_declared for _, ln_likelihood in fits._rivals(DECLARED.answering, attempts)]
        sums = [total + Fraction(exp(ln_times)) / 3**5 for total, ln_times in zip(sums, rivals, strict=True)]
    assert all(0 < mean <= 1 + 1e-9 for mean in sums)
    assert [float(mean) for mean in sums[1:]] == pytest.approx([1, 1, 1])


def test_a_rival_that_keeps_no_chance_is_not_ruled_out_by_one_slip() -> None:
    fit = better_fit(DECLARED, made("abc" * 20 + "b" + "abc" * 20))
    assert fit is not None
    assert fit.law.pick is Pick.IN_TURN
