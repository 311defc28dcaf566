import socket
import struct
import sys
import threading
from collections.abc import Callable
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, Any

import gevent
import pytest

from evenly.load.answer import ErrorKind, Exchange
from evenly.load.locust import connection

if TYPE_CHECKING:
    from unit.load.conftest import Backend

REQUEST = b"GET /run/1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"

Serve = Callable[..., Any]


def ask(address: tuple[str, int]) -> Exchange:
    return connection.exchange(socket.AF_INET, address, REQUEST)


def test_each_attempt_is_one_connection_with_one_request(three_pods: "Backend") -> None:
    exchanges = [ask(three_pods.address) for _ in range(5)]
    assert [e.answer.connection for e in exchanges if e.answer] == [1, 2, 3, 4, 5]
    assert three_pods.requests == ["/run/1"] * 5


def test_an_answer_comes_with_its_times(three_pods: "Backend") -> None:
    exchange = ask(three_pods.address)
    assert exchange.connect_us is not None
    assert exchange.response_us is not None
    assert 0 < exchange.connect_us + exchange.response_us <= (exchange.end_ns - exchange.start_ns) / 1000


def test_an_answer_in_parts_is_read_to_its_end() -> None:
    body = b'{"pod":"p","uid":"u","node":"n","connection":1,"request":1,"client":"c"}'
    arrived = threading.Event()

    def in_two_parts(client: socket.socket) -> None:
        client.recv(1000)
        client.sendall(b"HTTP/1.1 200 OK\r\n\r\n" + body[:20])
        arrived.wait(0.05)
        client.sendall(body[20:])

    with _Listening(in_two_parts) as address:
        exchange = ask(address)
    assert exchange.answer is not None
    assert exchange.answer.uid == "u"


def test_acknowledgements_go_along_with_what_is_sent() -> None:
    segments_in = []

    def answer_and_count(client: socket.socket) -> None:
        client.recv(1000)
        client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        client.shutdown(socket.SHUT_WR)
        client.recv(1000)  # until the client closes, too
        segments_in.append(int.from_bytes(client.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 144)[140:], sys.byteorder))

    with _Listening(answer_and_count) as address:
        ask(address)
    with _Listening(answer_and_count) as address, socket.create_connection(address) as as_ever:
        as_ever.sendall(REQUEST)
        while as_ever.recv(1000):
            pass
    request_and_end, one_by_one = segments_in
    assert request_and_end < one_by_one


def test_a_closed_port_refuses() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        exchange = ask(unused.getsockname())
    assert exchange.error is ErrorKind.REFUSED
    assert exchange.connect_us is None


def test_a_connection_that_the_server_cuts_is_reset() -> None:
    def cut(client: socket.socket) -> None:
        client.recv(1000)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    with _Listening(cut) as address:
        exchange = ask(address)
    assert exchange.error is ErrorKind.RESET


def test_a_server_that_is_silent_runs_into_the_response_limit(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "RESPONSE_TIMEOUT_S", 0.2)
    with serve(lambda *_: None) as backend:
        exchange = ask(backend.address)
    assert exchange.error is ErrorKind.RESPONSE_TIMEOUT
    assert exchange.connect_us is not None
    assert 0.2 <= (exchange.end_ns - exchange.start_ns) / 1e9 < 2


def test_a_dropped_handshake_runs_into_the_connect_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "CONNECT_TIMEOUT_S", 0.2)
    with ExitStack() as stack:
        full = stack.enter_context(socket.socket())
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for _ in range(4):  # nobody accepts: the queue fills, and further handshakes are dropped
            waiting = stack.enter_context(socket.socket())
            waiting.settimeout(0)
            waiting.connect_ex(full.getsockname())
        exchange = ask(full.getsockname())
    assert exchange.error is ErrorKind.CONNECT_TIMEOUT
    assert exchange.connect_us is None


def test_each_attempt_under_way_has_its_own_time_limit(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "RESPONSE_TIMEOUT_S", 0.4)
    took_s = []

    def later(backend: "Backend", after_s: float) -> None:
        gevent.sleep(after_s)
        exchange = ask(backend.address)
        assert exchange.error is ErrorKind.RESPONSE_TIMEOUT
        took_s.append((exchange.end_ns - exchange.start_ns) / 1e9)

    with serve(lambda *_: None) as backend:
        gevent.joinall([gevent.spawn(later, backend, after_s) for after_s in (0.0, 0.15, 0.3)], raise_error=True)
    assert [0.4 <= s < 2 for s in took_s] == [True] * 3


def test_a_server_that_never_stops_talking_runs_into_the_response_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "RESPONSE_TIMEOUT_S", 0.3)
    ended = threading.Event()

    def drip(client: socket.socket) -> None:
        client.recv(1000)
        while not ended.wait(0.02):
            with suppress(OSError):  # the client gives up first
                client.send(b"x")

    with _Listening(drip) as address:
        exchange = ask(address)
        ended.set()
    assert exchange.error is ErrorKind.RESPONSE_TIMEOUT
    assert 0.3 <= (exchange.end_ns - exchange.start_ns) / 1e9 < 2


def test_nothing_is_left_of_the_time_limits_of_attempts_that_have_ended(three_pods: "Backend") -> None:
    ask(three_pods.address)
    assert connection._deadlines(gevent.get_hub()) == {}


@pytest.mark.parametrize(
    ("response", "kind"), [(b"", ErrorKind.BAD_RESPONSE), (b"HTTP/1.1 200 OK\r\n\r\nhello", ErrorKind.NOT_OURS)]
)
def test_what_is_no_answer_of_ours_is_told_apart(serve: Serve, response: bytes, kind: ErrorKind) -> None:
    with serve(lambda *_: response) as backend:
        assert ask(backend.address).error is kind


def test_a_client_without_files_left_blames_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_more(*_: object) -> None:
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(connection, "RawSocket", no_more)
    assert ask(("127.0.0.1", 1)).error is ErrorKind.NO_LOCAL_PORT


class _Listening:
    """A server in plain blocking code: one connection, handled by ``handle``, then closed."""

    def __init__(self, handle: Callable[[socket.socket], None]) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._run, args=(handle,))

    def _run(self, handle: Callable[[socket.socket], None]) -> None:
        client, _ = self._socket.accept()
        with client:
            handle(client)

    def __enter__(self) -> tuple[str, int]:
        self._thread.start()
        address: tuple[str, int] = self._socket.getsockname()
        return address

    def __exit__(self, *_: object) -> None:
        self._thread.join()
        self._socket.close()
