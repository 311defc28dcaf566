import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from evenly.k8s.probe import Reply, ask, prober

BODY = b'{"pod":"pod-a","uid":"a","node":"worker","connection":7,"request":1,"client":"10.244.1.9"}\n'


@contextmanager
def answering(head: bytes, body: bytes, heard: list[bytes]) -> Iterator[str]:
    """Answer one connection on loopback, and keep what was asked; yields where."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            connection, _ = server.accept()
            with connection:
                heard.append(connection.recv(65_536))
                connection.sendall(head + b"\r\nConnection: close\r\n\r\n" + body)

        thread = threading.Thread(target=answer)
        thread.start()
        yield f"127.0.0.1:{server.getsockname()[1]}"
        thread.join()


def test_a_reply_tells_who_answered_whom_it_saw_and_where_the_client_pod_connected() -> None:
    heard: list[bytes] = []
    with answering(b"HTTP/1.1 200 OK\r\nX-Upstream: 10.96.0.7:8080", BODY, heard) as address:
        assert ask(address, "spring-service.shop.svc.cluster.local:8080") == Reply("a", "10.244.1.9", "10.96.0.7:8080")
    assert heard[0].startswith(b"GET /probe/0 HTTP/1.1\r\n")
    assert heard[0].count(b"Host: ") == 1
    assert b"Host: spring-service.shop.svc.cluster.local:8080\r\n" in heard[0]


def test_without_a_client_pod_the_host_is_the_address_and_nobody_connected_elsewhere() -> None:
    heard: list[bytes] = []
    with answering(b"HTTP/1.1 200 OK", BODY, heard) as address:
        assert ask(address) == Reply("a", "10.244.1.9", "")
    assert f"Host: {address}\r\n".encode() in heard[0]


@pytest.mark.parametrize("body", [b"<h1>502 Bad Gateway</h1>", b'{"uid":"a"}', b"[]"])
def test_an_answer_that_is_not_the_backends_is_none(body: bytes) -> None:
    with answering(b"HTTP/1.1 502 Bad Gateway\r\nX-Upstream: 10.96.0.7:8080", body, []) as address:
        assert ask(address) == Reply()


def test_a_prober_tells_the_pod_or_that_none_answered() -> None:
    with answering(b"HTTP/1.1 200 OK", BODY, []) as address:
        assert prober(address)() == "a"
    assert prober(address)() is None, "nobody listens there any more"


def test_where_nobody_answers_in_time_there_is_no_reply() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        assert ask(f"127.0.0.1:{silent.getsockname()[1]}", limit_s=0.05) == Reply()
