import socket
from collections.abc import Iterator
from contextlib import suppress

import gevent
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenly.load.answer import Answer, ErrorKind, Exchange
from evenly.load.distributed.link import Link, line_of, pairs, read_line, whole_lines

ANSWERED = Exchange(1, 900_000_000_000_000_000, 12, Answer('p"\n', "uid-é", "n", 7, 1, "10.0.0.1"), None)
FAILED = Exchange(5, 6, None, None, ErrorKind.CONNECT_TIMEOUT)


def piped() -> tuple[Link, Link]:
    [(one, other)] = pairs("1")
    return Link(*one), Link(*other)


def connected() -> tuple[Link, Link]:
    with socket.create_server(("127.0.0.1", 0)) as door:
        client = socket.create_connection(door.getsockname())
        visitor, _ = door.accept()
    one, other = client.detach(), visitor.detach()
    return Link(one, one), Link(other, other)


@pytest.fixture(params=[piped, connected], ids=["pipes", "a connection"])
def ends(request: pytest.FixtureRequest) -> Iterator[tuple[Link, Link]]:
    links: tuple[Link, Link] = request.param()
    yield links
    for link in links:
        with suppress(OSError):  # a test may have closed it
            link.close()


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


def test_writers_that_must_wait_never_mix_what_they_say(ends: tuple[Link, Link]) -> None:
    one, other = ends
    said = [bytes([letter]) * 3_000_000 for letter in b"ab"]  # more than the kernel holds for a reader
    writers = [gevent.spawn(one.write, words) for words in said]
    heard = b""
    while len(heard) < 6_000_000:
        heard += other.read()
    gevent.joinall(writers, raise_error=True)
    assert heard == b"".join(said)


def test_it_ends_for_its_reader_when_the_other_side_has_finished_or_is_gone(ends: tuple[Link, Link]) -> None:
    one, other = ends
    one.write(b"last words\n")
    one.finish()
    assert [list(lines) for lines in other.lines()] == [[b"last words"]]
    other.write(b"still heard\n")
    assert one.read() == b"still heard\n"
    with pytest.raises(OSError, match="Bad file descriptor"):
        one.write(b"more")
    other.write(b"not read")
    one.close()
    assert other.read() == b""
    with pytest.raises(OSError, match="Broken pipe"):
        other.write(b"to nobody")
    other.finish()


def test_a_connection_that_is_reset_has_ended() -> None:
    with socket.create_server(("127.0.0.1", 0)) as door, socket.create_connection(door.getsockname()) as client:
        visitor, _ = door.accept()
        link = Link(*[visitor.detach()] * 2)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        client.close()
        assert link.read() == b""
        link.close()
