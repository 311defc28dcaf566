import pytest

from evenly.load.answer import ErrorKind
from evenly.load.client.reconcile import join
from evenly.load.rows import HEADER, Row
from evenly.results.samples import COLUMNS
from unit.factories import lost, row


def line(number: int, run_id: str = "run") -> str:
    return f"{run_id}/{number} {number} 1 200"


def test_books_balance_when_every_answer_is_in_its_pods_log_once() -> None:
    joined = join([row(1, "a"), row(2, "b"), row(3, "a")], {"a": [line(1), line(3)], "b": [line(2)]}, "run")
    assert joined.discrepancies == ()
    assert joined.answered == {"a": 2, "b": 1}
    assert joined.logged_once == 3
    assert joined.errors == {}


def test_what_a_log_lacks_that_was_cut_off_is_believed_and_told() -> None:
    rows, logs = [row(1, "a"), row(2, "a"), row(3, "b"), lost(4, ErrorKind.RESET)], {"a": [line(1)], "b": [line(3)]}
    cut = join(rows, logs, "run", cut={"a"})
    assert (cut.discrepancies, cut.unread, cut.logged_once) == ((), {"a": 1}, 2)
    assert join(rows, logs, "run", cut={"b"}).discrepancies == ("1 attempt is answered, but in no pod's log: 2",)


def test_a_log_that_was_cut_off_still_tells_what_stands_in_two() -> None:
    joined = join([row(1, "a")], {"a": [line(1)], "b": [line(1)]}, "run", cut={"a", "b"})
    assert joined.discrepancies == ("1 attempt is in the logs more than once, so something in between sent again: 1",)


def test_probes_other_runs_and_servers_own_words_do_not_count() -> None:
    others = [line(1, "run-2"), line(9, "probe"), "2026/11/24 [notice] 1#1: start", "", "run/ 1 1 200", "run/x 1 1 200"]
    assert join([row(1)], {"a": [*others, line(1)]}, "run").discrepancies == ()


@pytest.mark.parametrize(
    ("rows", "logs", "sentence"),
    [
        ([row(1), row(2)], {"a": [line(2)]}, "1 attempt is answered, but in no pod's log: 1"),
        (
            [row(1), row(2)],
            {"a": [line(1), line(2), line(2)]},
            "1 attempt is in the logs more than once, so something in between sent again: 2",
        ),
        (
            [row(1), row(2)],
            {"a": [line(2)], "b": [line(1)]},
            "1 attempt is answered in the name of one pod, but in the log of another: 1",
        ),
        ([row(1), row(2, "ghost")], {"a": [line(1)]}, "1 attempt is answered in the name of a pod that is not there: 2"),
        ([row(1), row(2, request=2)], {"a": [line(1), line(2)]}, "1 attempt is on a connection that had carried another: 2"),
        ([row(1), row(3)], {"a": [line(1), line(3)]}, "1 attempt is without a row in the ledger: 2"),
        ([row(1)], {"a": [line(1), line(2)]}, "1 attempt is without a row in the ledger: 2"),
        (
            [row(number) for number in range(1, 9)],
            {"a": [line(8)]},
            "7 attempts are answered, but in no pod's log: 1, 2, 3, 4, 5, ...",
        ),
    ],
)
def test_each_discrepancy_is_one_sentence_with_count_and_ids(
    rows: list[Row], logs: dict[str, list[str]], sentence: str
) -> None:
    assert join(rows, logs, "run").discrepancies == (sentence,)


def test_an_id_in_two_pods_logs_was_sent_twice() -> None:
    (sentence,) = join([row(1)], {"a": [line(1)], "b": [line(1)]}, "run").discrepancies
    assert "more than once" in sentence


def test_answers_in_anothers_name_are_counted_by_who_gave_them() -> None:
    logs = {"a": [line(1), line(2), line(3)], "b": [line(4), line(5)]}
    joined = join([row(1), row(2, "b"), row(3, "b"), row(4, "b"), lost(5, ErrorKind.RESET)], logs, "run")
    assert joined.false_names == {("a", "b"): 2}


def test_a_killed_pod_is_believed_without_its_log() -> None:
    assert join([row(1, "a"), row(2, "killed")], {"a": [line(1)], "killed": None}, "run").discrepancies == ()


def test_errors_are_counted_by_kind_and_are_no_discrepancies() -> None:
    rows = [row(1), lost(2, ErrorKind.RESET), lost(3, ErrorKind.REFUSED), lost(4, ErrorKind.REFUSED)]
    joined = join(rows, {"a": [line(1), line(2)]}, "run")
    assert joined.discrepancies == ()
    assert joined.errors == {"reset": 1, "refused": 2}


def test_samples_carry_the_pod_whose_log_has_each_attempt() -> None:
    joined = join([row(1), lost(2, ErrorKind.RESET), lost(3, ErrorKind.REFUSED)], {"a": [line(1)], "b": [line(2)]}, "run")
    assert list(joined.samples) == [
        (1, 100, 90, 500, "pod-a", "a", "worker", 1, 1, "10.0.0.1", None, "a"),
        (2, 200, None, None, "", "", "", 0, 0, "", "reset", "b"),
        (3, 300, None, None, "", "", "", 0, 0, "", "refused", ""),
    ]


def test_samples_have_the_columns_of_the_file_that_keeps_them() -> None:
    assert ("scenario", *HEADER, "logged") == COLUMNS


def on_one_connection(number: int, request: int) -> Row:
    return row(number, request=request, connection=7)


def test_where_connections_are_kept_each_request_has_its_own_place_on_one() -> None:
    rows = [on_one_connection(1, 1), on_one_connection(2, 2), on_one_connection(3, 2)]
    logs = {"a": [line(1), line(2), line(3)]}
    assert join(rows[:2], {"a": logs["a"][:2]}, "run", kept=True).discrepancies == ()
    joined = join(rows, logs, "run", kept=True)
    assert joined.discrepancies == ("2 attempts are in the place of another on its connection: 2, 3",)


def test_attempts_that_were_lost_with_a_worker_do_not_balance() -> None:
    joined = join([row(1)], {"a": [line(1)]}, "run")
    assert joined.without(()) == joined
    (sentence,) = joined.without((2, 3)).discrepancies
    assert sentence == "2 attempts are without word from the worker process that made them, which is gone: 2, 3"
