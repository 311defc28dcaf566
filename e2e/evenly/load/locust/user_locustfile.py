"""Locust, run as a program, with an attempt made of each request that somebody's own users send to the target.

Their locustfile stays as it is, as long as they are HttpUsers or FastHttpUsers, or pytest functions with a client of these.

Locust's event for a request comes when it has ended. But attempts count in their order of start, and no more may start than
were planned: so the one method by which both clients send is wrapped. What it does, and what it gives back, stays the same.
"""

import json
import time
from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any

from gevent.local import local
from locust import FastHttpUser, HttpUser, events
from locust.clients import HttpSession
from locust.contrib.fasthttp import FastHttpSession
from locust.env import Environment
from locust.main import main
from locust.user.users import PytestUser

from evenly.load.answer import Answer, ErrorKind, Exchange, answer_of
from evenly.load.locust.connection import kind_of
from evenly.load.locust.session import give_up, ongoing
from evenly.load.locust.users import ConnectionUser

_USERS = (HttpUser, FastHttpUser, PytestUser, ConnectionUser)
_SESSIONS: tuple[Any, ...] = (HttpSession, FastHttpSession)  # Locust does not foresee that a method is wrapped
_events: Any = events  # nor declares types for its hooks
_reported = local()

_KINDS = {
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


def answer_in(response: Any) -> Answer | ErrorKind:  # noqa: ANN401 - either client's
    """Read what a client gave back: a pod's answer, whatever its status. One that only names its pod has 0 for its place."""
    if not response.status_code:
        return failure_kind(response.error)
    try:
        fields = json.loads(response.content or b"")
    except ValueError:
        return ErrorKind.NOT_OURS
    return answer_of(fields) or _named(fields) or ErrorKind.NOT_OURS


def _named(fields: object) -> Answer | None:
    if not isinstance(fields, dict):
        return None
    pod, uid, node = (fields.get(name, "") for name in ("pod", "uid", "node"))
    return answer_of({"pod": pod, "uid": uid, "node": node, "connection": 0, "request": 0, "client": ""}) if pod else None


def _counted(send: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(send)
    def counted(session: Any, method: str, url: str, *args: Any, **options: Any) -> Any:  # noqa: ANN401 - both clients'
        if not _goes_to_the_target(session.base_url, url):
            return send(session, method, url, *args, **options)
        attempt = ongoing.take()
        _reported.response = error = None
        start_ns = attempt.at_ns or time.monotonic_ns()
        try:
            _reported.response = response = send(session, method, url, *args, **options)
        except BaseException as raised:
            error = raised
            raise
        else:
            return response
        finally:
            _ended(session, attempt.number, start_ns, _result(_reported.response, error, streamed=bool(options.get("stream"))))

    return counted


def _result(response: Any, error: BaseException | None, *, streamed: bool) -> Answer | ErrorKind:  # noqa: ANN401 - either client's
    if response is None:
        return failure_kind(error)
    if streamed and response.status_code:
        return ErrorKind.NOT_OURS  # its body is the user's to read
    return answer_in(response)


def _ended(session: Any, number: int, start_ns: int, result: Answer | ErrorKind) -> None:  # noqa: ANN401 - either client
    # These clients do not tell when they were connected.
    exchange = Exchange.now(start_ns, start_ns if isinstance(result, Answer) else None, result)
    try:
        ongoing.source.ended(number, exchange)
    except Exception as failed:
        give_up(session.user.environment, failed)
        raise


def failure_kind(error: BaseException | None) -> ErrorKind:
    """Name what a client raised, by the first in its chain of causes that tells; UNREACHABLE when none does."""
    for cause in _chain(error):
        if named := _KINDS.get(type(cause).__name__):
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


def _goes_to_the_target(base_url: str | None, url: str) -> bool:
    return not str(url).lower().startswith(("http://", "https://")) or str(url).startswith(f"{base_url}/")


def _keep_response(response: Any, **_: object) -> None:  # noqa: ANN401 - either client's
    _reported.response = response  # a later listener may end the user, and then `send` does not return


def _check(environment: Environment, **_: object) -> None:
    if not any(issubclass(user, _USERS) for user in environment.user_classes):
        names = ", ".join(user.__name__ for user in environment.user_classes)
        raise SystemExit(f"evenly can follow an HttpUser or a FastHttpUser; this locustfile has neither, only {names}")


if __name__ == "__main__":
    for client in _SESSIONS:
        client.request = _counted(client.request)
    ongoing.in_order = False
    _events.request.add_listener(_keep_response)
    _events.init.add_listener(_check)
    main()  # type: ignore[no-untyped-call]  # Locust's
