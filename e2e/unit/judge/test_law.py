import pytest

from evenly.judge import Deviation, Law, Pick, Unit, absent, grouped, local_only, round_robin, sticky, uniform, weighted


def test_a_uniform_law_gives_every_pod_the_same_share_in_the_order_given() -> None:
    law = uniform(["c", "a", "b"])
    assert law.name == "uniform random"
    assert list(law.shares) == ["c", "a", "b"]
    assert list(law.shares.values()) == [1 / 3] * 3


@pytest.mark.parametrize("pods", [1, 3, 7, 49, 100, 1000])
def test_any_number_of_pods_makes_a_uniform_law(pods: int) -> None:
    assert len(uniform(str(pod) for pod in range(pods)).answering) == pods


def test_a_declared_share_of_zero_names_a_pod_that_must_not_answer() -> None:
    law = Law("weighted", {"stable": 1.0, "canary": 0.0})
    assert set(law.shares) == {"stable", "canary"}
    assert law.answering == {"stable": 1.0}


def test_the_pods_of_a_group_divide_its_share_evenly() -> None:
    law = grouped((0.9, ["a", "b", "c"]), (0.1, ["canary"]))
    assert law.shares == pytest.approx({"a": 0.3, "b": 0.3, "c": 0.3, "canary": 0.1})
    assert law.pick is Pick.INDEPENDENT


def test_a_group_without_a_share_must_not_answer_and_one_without_pods_can_have_none() -> None:
    assert grouped((1.0, ["a"]), (0.0, ["canary"])).answering == {"a": 1.0}
    assert grouped((1.0, ["a"]), (0.0, [])).shares == {"a": 1.0}
    with pytest.raises(ValueError, match="group without pods"):
        grouped((0.9, ["a"]), (0.1, []))


def test_a_pod_in_two_groups_is_refused() -> None:
    with pytest.raises(ValueError, match="sum to 0"):
        grouped((0.5, ["a", "b"]), (0.5, ["b", "c"]))


def test_shares_cannot_be_changed_afterwards() -> None:
    given = {"a": 0.5, "b": 0.5}
    law = Law("weighted", given)
    given["a"] = 0.9
    assert law.shares["a"] == 0.5
    with pytest.raises(TypeError):
        law.shares["a"] = 0.9  # type: ignore[index]  # that it is refused is the point


@pytest.mark.parametrize(
    ("shares", "message"),
    [
        ({}, "at least one pod"),
        ({"a": 0.5, "b": 0.4}, "sum to 0.9"),
        ({"a": 1.2, "b": -0.2}, "from 0 to 1"),
        ({"a": float("nan"), "b": 1.0}, "from 0 to 1"),
    ],
)
def test_shares_that_are_no_distribution_are_refused(shares: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Law("weighted", shares)


def test_a_pod_named_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="named once"):
        uniform(["a", "b", "a"])


def test_no_pods_make_no_uniform_law() -> None:
    with pytest.raises(ValueError, match="at least one pod"):
        uniform([])


INDEPENDENT = {Deviation.SHARES, Deviation.ORDER, Deviation.DRIFT}


@pytest.mark.parametrize(
    ("law", "answering", "unit", "tested"),
    [
        (uniform("ab"), {"a": 1 / 2, "b": 1 / 2}, Unit.CONNECTION, INDEPENDENT),
        (
            weighted({"a": 0.9, "b": 0.1}),
            {"a": 0.9, "b": 0.1},
            Unit.CONNECTION,
            INDEPENDENT,
        ),
        (round_robin("ab"), {"a": 1 / 2, "b": 1 / 2}, Unit.CONNECTION, {Deviation.TURN}),
        (sticky("ab"), {"a": 1 / 2, "b": 1 / 2}, Unit.CLIENT, {Deviation.MOVE, Deviation.SHARES}),
        (local_only("a", others="bc"), {"a": 1.0}, Unit.CONNECTION, INDEPENDENT),
        (
            absent("ab", without="c"),
            {"a": 1 / 2, "b": 1 / 2},
            Unit.CONNECTION,
            INDEPENDENT,
        ),
    ],
    ids=lambda value: value.name if isinstance(value, Law) else "",
)
def test_a_law_says_who_answers_what_is_counted_and_what_is_tested(
    law: Law, answering: dict[str, float], unit: Unit, tested: set[Deviation]
) -> None:
    assert law.answering == answering
    assert law.pick.unit is unit
    assert set(law.pick.tested) == tested


@pytest.mark.parametrize(("pick", "word"), [(Pick.INDEPENDENT, "anew"), (Pick.IN_TURN, "in turn"), (Pick.PER_CLIENT, "stays")])
def test_a_law_says_what_it_expects(pick: Pick, word: str) -> None:
    assert word in pick.expects


@pytest.mark.parametrize("law", [local_only("ab", others="cd"), absent("ab", without="cd")])
def test_pods_that_must_not_answer_are_declared_and_get_nothing(law: Law) -> None:
    assert list(law.shares) == ["a", "b", "c", "d"]
    assert set(law.shares) - set(law.answering) == {"c", "d"}


def test_a_pod_cannot_both_answer_and_be_absent() -> None:
    with pytest.raises(ValueError, match="named once"):
        absent("ab", without="b")


def test_pods_cannot_take_turns_with_unequal_shares() -> None:
    with pytest.raises(ValueError, match="take turns"):
        Law("weighted round robin", {"a": 0.7, "b": 0.3}, Pick.IN_TURN)
