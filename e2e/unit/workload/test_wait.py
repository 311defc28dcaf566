from evenly.workload.wait import until


def test_waiting_ends_as_soon_as_the_condition_holds() -> None:
    answers = iter([False, False, True])
    assert until(lambda: next(answers), limit_s=60, every_s=0)
    assert list(answers) == []


def test_waiting_ends_at_its_limit_and_says_so() -> None:
    assert not until(lambda: False, limit_s=0.01, every_s=0.002)


def test_a_limit_of_nothing_still_asks_once() -> None:
    assert until(lambda: True, limit_s=0)
