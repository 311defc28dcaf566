import pytest

from evenly.k8s import wait
from evenly.k8s.wait import until


def test_waiting_ends_as_soon_as_the_condition_holds() -> None:
    answers = iter([False, False, True])
    assert until(lambda: next(answers), limit_s=60, every_s=0)
    assert list(answers) == []


def test_waiting_ends_at_its_limit_and_says_so() -> None:
    assert not until(lambda: False, limit_s=0.01, every_s=0.002)


def test_a_limit_of_nothing_still_asks_once() -> None:
    assert until(lambda: True, limit_s=0)


@pytest.mark.parametrize(("every_s", "told"), [(0.0, True), (60.0, False)])
def test_a_long_wait_is_told_of_and_a_short_one_is_not(monkeypatch: pytest.MonkeyPatch, every_s: float, told: bool) -> None:  # noqa: FBT001 - what is expected
    monkeypatch.setattr(wait, "TELL_EVERY_S", every_s)
    waited: list[float] = []
    until(lambda: False, limit_s=0.01, every_s=0.002, tell=waited.append)
    assert bool(waited) is told
    assert waited == sorted(waited)


def test_a_wait_that_is_in_vain_ends_but_not_where_the_condition_holds() -> None:
    assert not until(lambda: False, limit_s=60, in_vain=lambda: True)
    assert until(lambda: True, limit_s=60, in_vain=lambda: True)
