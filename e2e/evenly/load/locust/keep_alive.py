"""One connection that carries several requests, one after the other; as raw as `connection.exchange`, and as honest.

Nothing is retried: a request that meets a connection which the server has closed is an error, and the next one opens another.
"""

import time
from _socket import SOCK_STREAM
from _socket import socket as RawSocket  # noqa: N812 - a class; gevent replaces the one in the module socket
from typing import Any

from gevent import Timeout

from evenly.load.answer import Answer, ErrorKind, Exchange, content_length, parse
from evenly.load.locust.connection import connect, kind_of, receive


class KeptConnection:
    """Opens when it is asked and not open, and stays open until the server says so, an answer fails, or it is closed.

    ``family`` and ``address`` are as getaddrinfo gives them.
    """

    def __init__(self, family: int, address: tuple[Any, ...]) -> None:
        self._family = family
        self._address = address
        self._connection: RawSocket | None = None

    @property
    def is_open(self) -> bool:
        """Whether the next request goes over a connection that has carried one before."""
        return self._connection is not None

    def ask(self, request: bytes, source: str = "", meant_ns: int = 0) -> Exchange:
        """Send the request and read one whole response; ``connect_us`` is 0 when the connection was there.

        ``source`` is this end's own address where one is opened ("" for any), ``meant_ns`` when it was meant to start, if a
        rate says so. Never raises for what the network or the server does.
        """
        start_ns = meant_ns or time.monotonic_ns()
        connected_ns = start_ns if self.is_open else None
        result: Answer | ErrorKind
        try:
            connection = self._connection or self._opened(source)
            connected_ns = connected_ns or time.monotonic_ns()
            connection.send(request)  # the one before was answered, so the buffer is empty and takes it whole
            response = receive(connection, _is_whole)
            result = parse(response)
            if isinstance(result, ErrorKind) or not _stays_open(response):
                self.close()
        except Timeout:
            self.close()
            result = ErrorKind.RESPONSE_TIMEOUT if connected_ns else ErrorKind.CONNECT_TIMEOUT
        except OSError as error:
            self.close()
            result = kind_of(error)
        return Exchange.now(start_ns, connected_ns, result)

    def close(self) -> None:
        """Close the connection if there is one."""
        if self._connection:
            self._connection.close()
            self._connection = None

    def _opened(self, source: str) -> RawSocket:
        self._connection = RawSocket(self._family, SOCK_STREAM)
        connect(self._connection, self._address, source)
        return self._connection


def _is_whole(response: bytes) -> bool:
    head, end_of_head, body = response.partition(b"\r\n\r\n")
    return bool(end_of_head) and len(body) >= content_length(head)


def _stays_open(response: bytes) -> bool:
    head = response.partition(b"\r\n\r\n")[0].lower()
    return head.startswith(b"http/1.1") and b"\r\nconnection: close" not in head
