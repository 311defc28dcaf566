import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from evenly.load.answer import ErrorKind
from evenly.load.locust import connection
from evenly.load.locust.keep_alive import KeptConnection

REQUEST = b"GET /keep/run/1 HTTP/1.1\r\nHost: x\r\n\r\n"


def response(index: int, header: str = "") -> bytes:
    body = f'{{"pod":"p","uid":"u","node":"n","connection":1,"request":{index},"client":"c"}}\n'
    return f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n{header}\r\n{body}".encode()


Behave = Callable[[socket.socket, int], None]
"""Gets an accepted connection, with its number from 1 on, and does what a server does with it."""


@contextmanager
def server(behave: Behave) -> Iterator[KeptConnection]:
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def run() -> None:
            for number in range(1, 10):
                try:
                    client, _ = listening.accept()
                except OSError:
                    return
                with client:
                    client.settimeout(5)
                    behave(client, number)

        thread = threading.Thread(target=run)
        thread.start()
        asking = KeptConnection(socket.AF_INET, listening.getsockname())
        try:
            yield asking
        finally:
            asking.close()
            listening.shutdown(socket.SHUT_RDWR)
            thread.join()


def answers(client: socket.socket, number: int, most: int = 100) -> None:
    for index in range(1, most + 1):
        if not client.recv(1000):
            return
        client.sendall(response(100 * number + index))


def asked(asking: KeptConnection) -> int | ErrorKind | None:
    exchange = asking.ask(REQUEST)
    return exchange.answer.request if exchange.answer else exchange.error


def test_all_requests_go_over_one_connection_and_only_the_first_one_connects() -> None:
    with server(answers) as asking:
        exchanges = [asking.ask(REQUEST) for _ in range(3)]
    assert [e.answer and e.answer.request for e in exchanges] == [101, 102, 103]
    first, *later = [e.connect_us for e in exchanges]
    assert first
    assert later == [0, 0]
    assert all(e.response_us for e in exchanges)


def test_after_it_was_closed_it_opens_another() -> None:
    with server(answers) as asking:
        found = [asked(asking)]
        asking.close()
        assert not asking.is_open
        found.append(asked(asking))
    assert found == [101, 201]


def test_a_server_that_closes_in_the_middle_costs_one_error_and_the_next_one_opens_another() -> None:
    def hangs_up(client: socket.socket, number: int) -> None:
        answers(client, number, most=2)
        client.recv(1000)

    with server(hangs_up) as asking:
        assert [asked(asking) for _ in range(4)] == [101, 102, ErrorKind.BAD_RESPONSE, 201]


def test_a_reset_in_the_middle_is_a_reset() -> None:
    def resets(client: socket.socket, number: int) -> None:
        answers(client, number, most=1)
        client.recv(1000)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    with server(resets) as asking:
        assert [asked(asking) for _ in range(3)] == [101, ErrorKind.RESET, 201]


def test_an_answer_that_says_close_is_the_last_on_its_connection() -> None:
    def last(client: socket.socket, number: int) -> None:
        client.recv(1000)
        client.sendall(response(100 * number, "Connection: close\r\n"))

    with server(last) as asking:
        assert [asked(asking) for _ in range(3)] == [100, 200, 300]


def test_an_answer_in_parts_is_read_to_its_end() -> None:
    heard = threading.Event()

    def in_parts(client: socket.socket, _: int) -> None:
        for index in (1, 2):
            client.recv(1000)
            for part in (response(index)[:20], response(index)[20:80], response(index)[80:]):
                client.sendall(part)
                heard.wait(0.02)

    with server(in_parts) as asking:
        assert [asked(asking), asked(asking)] == [1, 2]


def test_a_pod_that_hangs_is_a_time_out_and_its_connection_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "RESPONSE_TIMEOUT_S", 0.05)

    def hangs(client: socket.socket, number: int) -> None:
        answers(client, number, most=1)
        if number == 1:
            while client.recv(1000):
                pass

    with server(hangs) as asking:
        assert [asked(asking) for _ in range(3)] == [101, ErrorKind.RESPONSE_TIMEOUT, 201]


def test_something_else_than_our_backend_is_not_ours_and_its_connection_is_given_up() -> None:
    def other(client: socket.socket, _: int) -> None:
        client.recv(1000)
        client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")

    with server(other) as asking:
        assert asked(asking) is ErrorKind.NOT_OURS
        assert not asking.is_open


def test_a_closed_port_refuses_and_there_is_no_connection() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        asking = KeptConnection(socket.AF_INET, unused.getsockname())
    exchange = asking.ask(REQUEST)
    assert exchange.error is ErrorKind.REFUSED
    assert exchange.connect_us is None
    assert not asking.is_open


def test_a_connect_that_takes_too_long_is_a_time_out_in_connect(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "CONNECT_TIMEOUT_S", 0.05)
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full, socket.create_connection(full.getsockname()):
        asking = KeptConnection(socket.AF_INET, full.getsockname())
        exchange = asking.ask(REQUEST)
        assert exchange.error is ErrorKind.CONNECT_TIMEOUT
        assert exchange.connect_us is None
