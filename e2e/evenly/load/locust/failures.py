"""What somebody else's HTTP client says went wrong, as one of our kinds of error."""

from collections.abc import Iterator

from evenly.load.answer import ErrorKind
from evenly.load.locust.connection import kind_of

_BY_NAME = {
    "ConnectTimeout": ErrorKind.CONNECT_TIMEOUT,
    "ConnectTimeoutError": ErrorKind.CONNECT_TIMEOUT,
    "ReadTimeout": ErrorKind.RESPONSE_TIMEOUT,
    "ReadTimeoutError": ErrorKind.RESPONSE_TIMEOUT,
    "Timeout": ErrorKind.RESPONSE_TIMEOUT,  # gevent's, which covers the whole request
    "TimeoutError": ErrorKind.RESPONSE_TIMEOUT,
    "GreenletExit": ErrorKind.RESPONSE_TIMEOUT,  # cut off at the end of the load, because it took too long
    "RemoteDisconnected": ErrorKind.BAD_RESPONSE,  # closed without an answer
    "HTTPConnectionClosed": ErrorKind.BAD_RESPONSE,
    "IncompleteRead": ErrorKind.BAD_RESPONSE,
    "BadStatusLine": ErrorKind.BAD_RESPONSE,
    "HTTPParseError": ErrorKind.BAD_RESPONSE,
}
"""By the names of classes of requests, urllib3, http.client, geventhttpclient and gevent: they share no base that tells."""


def failure_kind(error: BaseException | None) -> ErrorKind:
    """Name what a client raised, by the first in its chain of causes that tells; UNREACHABLE when none does."""
    for cause in _chain(error):
        if named := _BY_NAME.get(type(cause).__name__):
            return named
        if isinstance(cause, OSError) and cause.errno and (kind := kind_of(cause)) is not ErrorKind.UNREACHABLE:
            return kind
    return ErrorKind.UNREACHABLE


def _chain(error: object) -> Iterator[BaseException]:
    """Clients wrap an error in their own: as an argument, as ``reason``, or as the cause."""
    waiting, seen = [error], set[int]()
    while waiting:
        this = waiting.pop(0)
        if isinstance(this, BaseException) and id(this) not in seen:
            seen.add(id(this))
            yield this
            waiting += [*this.args, getattr(this, "reason", None), this.__cause__, this.__context__]
