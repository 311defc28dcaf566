"""Where a master and its workers in pods meet: on the network that the cluster's nodes share with this machine."""

import secrets
import socket
import time
from contextlib import ExitStack
from typing import NamedTuple, Self

from evenly.errors import EvenlyError

SILENT_S = 5
"""A connection on which nothing is said for so long is tried, once a second."""

REACH_LIMIT_S = 30.0
"""How long a worker tries to reach its master, which starts at the same time: 1 to 3 s on two cores."""

TRY_EVERY_S = 0.05

TRIES = 5
"""After so many in vain it has ended: the node at the other end is gone, which closed nothing."""


class Meeting(NamedTuple):
    """An address of the master's, Locust's own port there and that of the links, and a word that tells workers of this load."""

    address: str
    locust_port: int
    port: int
    word: str

    @classmethod
    def at(cls, address: str) -> Self:
        """Arrange a meeting at an address of this machine, on ports that are free; EvenlyError where it has no such address."""
        try:
            with ExitStack() as stack:
                locust_port, port = (stack.enter_context(socket.create_server((address, 0))).getsockname()[1] for _ in range(2))
        except OSError as error:
            raise EvenlyError(
                f"worker pods are to meet this machine at {address}, which it cannot listen on: {error.strerror}",
                "leave --workers-in-cluster out, and have processes of this machine send the load: --workers",
            ) from None
        return cls(address, locust_port, port, secrets.token_hex(8))

    def __str__(self) -> str:
        return ":".join(map(str, self))

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read what ``str`` wrote."""
        address, locust_port, port, word = text.split(":")
        return cls(address, int(locust_port), int(port), word)


def reach(meeting: Meeting) -> int:
    """Connect to the master, say whose worker this is, and return the connection; SystemExit where it cannot be reached."""
    deadline_s = time.monotonic() + REACH_LIMIT_S
    while True:
        try:
            connection = socket.create_connection((meeting.address, meeting.port), timeout=REACH_LIMIT_S)
            break
        except OSError as error:
            if not isinstance(error, ConnectionRefusedError) or time.monotonic() > deadline_s:  # the master may not listen yet
                words = f"{meeting.address}:{meeting.port} is not reached within {REACH_LIMIT_S:g} s: {error}"
                raise SystemExit(words) from None
            time.sleep(TRY_EVERY_S)
    connection.sendall(f"{meeting.word}\n".encode())
    keep_alive(connection)
    return connection.detach()


def keep_alive(connection: socket.socket) -> None:
    """See to it that a connection says at once what it has to, and ends where the other machine has gone without a word."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in (("TCP_KEEPIDLE", SILENT_S), ("TCP_KEEPINTVL", 1), ("TCP_KEEPCNT", TRIES)):
        connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)
