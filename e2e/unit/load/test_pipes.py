import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenly.load.answer import Answer, ErrorKind, Exchange
from evenly.load.attempts import Attempt
from evenly.load.pipes import TICKET, close_all_but, line_of, open_pipes, read_line, tickets, whole_lines

ANSWERED = Exchange(1, 900_000_000_000_000_000, 12, Answer('p"\n', "uid-é", "n", 7, 1, "10.0.0.1"), None)
FAILED = Exchange(5, 6, None, None, ErrorKind.CONNECT_TIMEOUT)


def test_what_became_of_an_attempt_reads_back_the_same_from_one_line() -> None:
    for exchange in (ANSWERED, FAILED):
        line = line_of(3, exchange)
        assert line.count(b"\n") == 1
        assert read_line(line) == (3, exchange)


@given(st.lists(st.integers(1, 40), max_size=20))
def test_lines_are_whole_however_they_are_cut_and_the_last_one_counts_only_with_its_end(sizes: list[int]) -> None:
    text, parts, at = line_of(1, ANSWERED) + line_of(2, FAILED) + line_of(3, FAILED)[:-1], [], 0
    for size in (*sizes, len(line_of(1, ANSWERED)) * 9):
        parts.append(text[at : at + size])
        at += size
    lines = [line for lines in whole_lines(parts) for line in lines]
    assert [read_line(line) for line in lines] == [(1, ANSWERED), (2, FAILED)]


def test_each_ticket_is_taken_once_by_whoever_reads_and_none_is_waited_for() -> None:
    pipes = open_pipes("2")
    assert len(pipes) == 3
    to_take, to_give = pipes[0]
    close_all_but({to_take, to_give}, pipes)
    os.write(to_give, tickets([Attempt(1, at_ns=5), Attempt(2), Attempt(3)]))
    taken = [TICKET.unpack(os.read(to_take, TICKET.size))]
    taken += TICKET.iter_unpack(os.read(to_take, 1_000))
    assert taken == [(1, 5), (2, 0), (3, 0)]
    with pytest.raises(BlockingIOError):
        os.read(to_take, 1)
    os.close(to_give)
    assert os.read(to_take, 1) == b"", "none will come"
    os.close(to_take)
