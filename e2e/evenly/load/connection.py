"""One new connection that carries one request: a raw socket that waits in gevent's hub.

Locust's own clients hide what a balancer does: the fast one retries silently, the other costs six times the CPU of a raw
socket. Here nothing is retried, and every attempt ends as an answer or as one kind of error.
"""

import errno
import time
from _socket import SOCK_STREAM
from _socket import socket as RawSocket  # noqa: N812 - a class; gevent replaces the one in the module socket
from typing import Any

from gevent import Timeout, get_hub

from evenly.load.answer import Answer, ErrorKind, Exchange, parse

CONNECT_TIMEOUT_S = 5.0
"""Outlasts two lost SYNs, which are sent again after 1 s and after 3 s."""

RESPONSE_TIMEOUT_S = 5.0
"""From connected to the last byte. The backend answers at once; this is for a pod that hangs."""

LONGEST_ATTEMPT_S = CONNECT_TIMEOUT_S + RESPONSE_TIMEOUT_S

MOST_BYTES = 65_536
"""A response that goes on beyond this is none of ours."""

_READ, _WRITE = 1, 2  # what an io watcher of gevent's loop waits for

_KINDS = {
    errno.ECONNREFUSED: ErrorKind.REFUSED,
    errno.ECONNRESET: ErrorKind.RESET,
    errno.EPIPE: ErrorKind.RESET,
    errno.ETIMEDOUT: ErrorKind.CONNECT_TIMEOUT,
    errno.EADDRNOTAVAIL: ErrorKind.NO_LOCAL_PORT,
    errno.EMFILE: ErrorKind.NO_LOCAL_PORT,
    errno.ENFILE: ErrorKind.NO_LOCAL_PORT,
    errno.ENOBUFS: ErrorKind.NO_LOCAL_PORT,
}


def exchange(family: int, address: tuple[Any, ...], request: bytes) -> Exchange:
    """Connect, send the request, and read until the server closes.

    ``family`` and ``address`` are as getaddrinfo gives them. Never raises for what the network or the server does.
    """
    start_ns = time.monotonic_ns()
    connected_ns = None
    result: Answer | ErrorKind
    try:
        connection = RawSocket(family, SOCK_STREAM)
    except OSError as error:
        result = _KINDS.get(error.errno or 0, ErrorKind.UNREACHABLE)
    else:
        try:
            _connect(connection, address)
            connected_ns = time.monotonic_ns()
            result = parse(_ask(connection, request))
        except Timeout:
            result = ErrorKind.RESPONSE_TIMEOUT if connected_ns else ErrorKind.CONNECT_TIMEOUT
        except OSError as error:
            result = _KINDS.get(error.errno or 0, ErrorKind.UNREACHABLE)
        finally:
            connection.close()
    return Exchange(
        start_ns,
        time.monotonic_ns(),
        (connected_ns - start_ns) // 1000 if connected_ns else None,
        result if isinstance(result, Answer) else None,
        result if isinstance(result, ErrorKind) else None,
    )


def _connect(connection: RawSocket, address: tuple[Any, ...]) -> None:
    connection.settimeout(0)
    code = connection.connect_ex(address)
    if code == errno.EINPROGRESS:
        code = connection.connect_ex(address)  # on one machine the handshake is over by now: asking costs less than waiting
    if code == errno.EALREADY:
        with Timeout(CONNECT_TIMEOUT_S):
            _wait(connection, _WRITE)
        code = connection.connect_ex(address)
    if code not in {0, errno.EISCONN}:
        raise OSError(code, "connect")


def _ask(connection: RawSocket, request: bytes) -> bytes:
    connection.send(request)  # a fresh connection's buffer takes it whole
    response = b""
    with Timeout(RESPONSE_TIMEOUT_S):
        _wait(connection, _READ)
        while len(response) < MOST_BYTES:
            try:
                part = connection.recv(MOST_BYTES)
            except BlockingIOError:
                _wait(connection, _READ)
                continue
            if not part:
                break
            response += part
    return response


def _wait(connection: RawSocket, events: int) -> None:
    hub = get_hub()
    watcher = hub.loop.io(connection.fileno(), events)
    try:
        hub.wait(watcher)
    finally:
        watcher.close()
