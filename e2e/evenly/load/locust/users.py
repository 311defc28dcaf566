"""The Locust users that evenly brings: on raw connections, which tell what a balancer does."""

from functools import cache
from socket import SOCK_STREAM, getaddrinfo
from typing import Any
from urllib.parse import urlsplit

from locust import User
from locust.env import Environment

from evenly.load.answer import Exchange
from evenly.load.locust import (
    connection,
    lifecycle,  # noqa: F401 - listens to Locust from now on
)
from evenly.load.locust.keep_alive import KeptConnection
from evenly.load.locust.session import ongoing


class ConnectionUser(User):
    """A Locust user whose every request is an attempt of its own: one new connection, one request, one answer or error."""

    abstract = True

    def on_start(self) -> None:
        """Wait for the prelude to end, unless this user is the one that makes it."""
        if ongoing.barrier:
            ongoing.barrier.wait()

    def ask_on_a_new_connection(self) -> None:
        """Make one attempt to its end; the user's life ends when none is left."""
        family, address, netloc = _resolve(self.host or "")
        attempt = ongoing.take()
        source = ongoing.source
        request = source.dialect.request(f"{source.run_id}/{attempt.number}", source.host or netloc)
        answered = connection.exchange(family, address, request, attempt.source, attempt.at_ns, source.dialect.read)
        _ended(attempt.number, answered)


class KeptConnectionUser(ConnectionUser):
    """A Locust user that sends several requests over each connection, one after the other; each is an attempt of its own."""

    abstract = True
    requests_per_connection = 10

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        family, address, self._netloc = _resolve(self.host or "")
        self._connection = KeptConnection(family, address)
        self._carried = 0

    def ask_on_a_kept_connection(self) -> None:
        """Make one attempt to its end, on a new connection when there is none or the last one has carried its requests."""
        if not self._connection.is_open:
            self._carried = 0
        attempt = ongoing.take(opens=not self._connection.is_open)
        host = ongoing.source.host or self._netloc
        request = f"GET /keep/{ongoing.source.run_id}/{attempt.number} HTTP/1.1\r\nHost: {host}\r\n\r\n"
        exchange = self._connection.ask(request.encode(), attempt.source, attempt.at_ns)
        self._carried += 1
        if self._carried == self.requests_per_connection:
            self._connection.close()
        _ended(attempt.number, exchange, more=self._connection.is_open)

    def on_stop(self) -> None:
        """Close the connection."""
        self._connection.close()


def _ended(number: int, exchange: Exchange, *, more: bool = False) -> None:
    ongoing.stats.count(exchange)
    ongoing.source.ended(number, exchange, more=more)


@cache
def _resolve(host: str) -> tuple[int, tuple[Any, ...], str]:
    url = urlsplit(host)
    if url.scheme != "http" or not url.hostname:
        raise SystemExit(f"{host!r} cannot be the target: expected http://ADDRESS:PORT; give it with --host")
    try:
        family, _, _, _, address = getaddrinfo(url.hostname, url.port or 80, type=SOCK_STREAM)[0]
    except (OSError, ValueError) as error:
        raise SystemExit(f"{host!r} cannot be the target: {error}; give another --host") from None
    return family, address, url.netloc
