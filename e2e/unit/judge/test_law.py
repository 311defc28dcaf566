import pytest

from evenly.judge import Law, uniform


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
