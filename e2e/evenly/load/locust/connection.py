"""One new connection that carries one request: a raw socket that waits in gevent's hub.

Locust's own clients hide what a balancer does: the fast one retries silently, the other costs six times the CPU of a raw
socket. Here nothing is retried, and every attempt ends as an answer or as one kind of error.
"""

import errno
import socket
import sys
import time
from _socket import SOCK_STREAM
from _socket import socket as RawSocket  # noqa: N812 - a class; gevent replaces the one in the module socket
from collections.abc import Callable
from functools import cache
from typing import Any

from gevent import Timeout, get_hub, getcurrent
from gevent.hub import Hub

from evenly.load.answer import Answer, ErrorKind, Exchange, parse

CONNECT_TIMEOUT_S = 5.0
"""Outlasts two lost SYNs, which are sent again after 1 s and after 3 s."""

RESPONSE_TIMEOUT_S = 5.0
"""From connected to the last byte. The backend answers at once; this is for a pod that hangs."""

LATE_BY_S = 0.1
"""Time limits are looked at so often, together: a timer for each wait would cost a tenth of the whole attempt."""

LONGEST_ATTEMPT_S = CONNECT_TIMEOUT_S + RESPONSE_TIMEOUT_S + 2 * LATE_BY_S

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


def exchange(  # noqa: PLR0913, PLR0917 - where to, from where, when, what, and how it is read
    family: int,
    address: tuple[Any, ...],
    request: bytes,
    source: str = "",
    meant_ns: int = 0,
    read: Callable[[bytes], Answer | ErrorKind] = parse,
) -> Exchange:
    """Connect, send the request, and read until the server closes.

    ``family`` and ``address`` are as getaddrinfo gives them, ``source`` is this end's own address ("" for any). ``meant_ns`` is
    when it was meant to start, if a rate says so: times count from there, so that no delay of the client's own is left out.
    ``read`` makes of the whole response what it says.
    Never raises for what the network or the server does.
    """
    start_ns = meant_ns or time.monotonic_ns()
    connected_ns = None
    result: Answer | ErrorKind
    try:
        connection = RawSocket(family, SOCK_STREAM)
    except OSError as error:
        result = kind_of(error)
    else:
        try:
            connect(connection, address, source)
            connected_ns = time.monotonic_ns()
            connection.send(request)  # a fresh connection's buffer takes it whole
            result = read(receive(connection, _never_whole))
        except Timeout:
            result = ErrorKind.RESPONSE_TIMEOUT if connected_ns else ErrorKind.CONNECT_TIMEOUT
        except OSError as error:
            result = kind_of(error)
        finally:
            connection.close()
    return Exchange.now(start_ns, connected_ns, result)


def kind_of(error: OSError) -> ErrorKind:
    """Name what the system says."""
    return _KINDS.get(error.errno or 0, ErrorKind.UNREACHABLE)


def connect(connection: RawSocket, address: tuple[Any, ...], source: str = "") -> None:
    """Connect a new socket from ``source``; raises OSError, and Timeout after ``CONNECT_TIMEOUT_S``."""
    connection.settimeout(0)
    if sys.platform == "linux":
        # Acknowledge along with what is sent next: 8 packets a connection instead of 10, each of which passes a node's rules.
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 0)
    if source:
        connection.bind((source, 0))
    code = connection.connect_ex(address)
    if code == errno.EINPROGRESS:
        code = connection.connect_ex(address)  # on one machine the handshake is over by now: asking costs less than waiting
    if code == errno.EALREADY:
        _wait(connection, _WRITE, time.monotonic() + CONNECT_TIMEOUT_S)
        code = connection.connect_ex(address)
    if code not in {0, errno.EISCONN}:
        raise OSError(code, "connect")


def receive(connection: RawSocket, is_whole: Callable[[bytes], bool]) -> bytes:
    """Read a response until it is whole or the server closes; raises OSError, and Timeout after ``RESPONSE_TIMEOUT_S``."""
    deadline_s = time.monotonic() + RESPONSE_TIMEOUT_S
    response = b""
    _wait(connection, _READ, deadline_s)
    while len(response) < MOST_BYTES:
        try:
            part = connection.recv(MOST_BYTES)
        except BlockingIOError:
            _wait(connection, _READ, deadline_s)
            continue
        if not part:
            break
        response += part
        if is_whole(response):
            break
        if time.monotonic() > deadline_s:  # whoever always has more to say is never waited for
            raise Timeout
    return response


def _never_whole(_: bytes) -> bool:
    return False  # the server closes when it has said all


def _wait(connection: RawSocket, events: int, deadline_s: float) -> None:
    """Wait until the connection can be used, or raise Timeout at the deadline, which is on the monotonic clock."""
    hub, waiting = get_hub(), getcurrent()
    deadlines_s = _deadlines(hub)
    watcher = hub.loop.io(connection.fileno(), events)
    deadlines_s[waiting] = deadline_s
    try:
        hub.wait(watcher)
    finally:
        del deadlines_s[waiting]
        watcher.close()


@cache
def _deadlines(hub: Hub) -> dict[Any, float]:
    """Return the deadlines of all that wait in this hub, by greenlet, after starting the timer that sees to them."""
    deadlines_s: dict[Any, float] = {}

    def end_overdue() -> None:
        now_s = time.monotonic()
        for waiting, deadline_s in tuple(deadlines_s.items()):
            if deadline_s <= now_s:
                waiting.throw(Timeout())

    hub.loop.timer(LATE_BY_S, LATE_BY_S, ref=False).start(end_overdue)
    return deadlines_s
