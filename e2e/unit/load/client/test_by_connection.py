from collections.abc import Iterable

import pytest

from evenly.load.answer import ErrorKind
from evenly.load.client.by_connection import join_by_connection
from evenly.load.rows import Row


def rows(*places: tuple[str, int, int] | None) -> list[Row]:
    """One row for each place; None for an error."""
    made = []
    for number, place in enumerate(places, start=1):
        uid, connection, request = place or ("", 0, 0)
        error = None if place else ErrorKind.RESET
        made.append(Row(number, number * 10, 0, 5, uid, uid, "n", connection, request, "c", error))
    return made


def log(*places: tuple[int, int]) -> Iterable[str]:
    return [f" {connection} {request} 200" for connection, request in places]


def test_books_balance_when_every_answer_is_logged_where_it_says() -> None:
    joined = join_by_connection(rows(("a", 1, 1), ("a", 1, 2), ("b", 1, 1)), {"a": log((1, 1), (1, 2)), "b": log((1, 1))})
    assert joined.discrepancies == ()
    assert joined.logged_once == 3
    assert joined.answered == {"a": 2, "b": 1}


@pytest.mark.parametrize(
    ("made", "logs", "said"),
    [
        pytest.param(
            rows(("a", 0, 0)),
            {"a": ()},
            "1 attempt is answered without a place, so that a new connection cannot be told from one that was there: 1",
            id="a backend that only names its pod",
        ),
        pytest.param(
            rows(("a", 1, 1), ("a", 1, 1)),
            {"a": log((1, 1))},
            "2 attempts are in the place of another on its connection: 1, 2",
            id="a cache in between",
        ),
        pytest.param(rows(("a", 1, 1)), {"a": ()}, "1 attempt is answered, but in no pod's log: 1", id="a liar"),
        pytest.param(
            rows(("z", 1, 1)), {"a": ()}, "1 attempt is answered in the name of a pod that is not there: 1", id="a stranger"
        ),
        pytest.param(
            rows(("a", 1, 1)),
            {"a": log((1, 1), (7, 1))},
            "the pods got 1 more than the client told of: sent again without a word, or sent on (a redirect)",
            id="a hidden retry that a log knows of",
        ),
        pytest.param(
            rows(("a", 1, 1), ("a", 1, 4)),
            {"a": None},
            "the pods got 2 more than the client told of: sent again without a word, or sent on (a redirect)",
            id="a hidden retry that an index gives away",
        ),
    ],
)
def test_every_way_in_which_books_disagree_is_named(made: list[Row], logs: dict[str, Iterable[str] | None], said: str) -> None:
    assert join_by_connection(made, logs).discrepancies == (said,)


def test_an_error_may_stand_for_a_request_that_arrived() -> None:
    assert join_by_connection(rows(("a", 1, 1), None), {"a": log((1, 1), (1, 2))}).discrepancies == ()


def test_a_log_that_is_gone_contradicts_nobody() -> None:
    assert join_by_connection(rows(("a", 1, 1)), {"a": None}).discrepancies == ()


def test_lines_of_another_kind_are_passed_over() -> None:
    assert join_by_connection(rows(("a", 1, 1)), {"a": ["started", *log((1, 1))]}).discrepancies == ()
