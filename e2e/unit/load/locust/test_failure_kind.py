import http.client
import socket
from collections.abc import Callable

import gevent
import pytest
import requests
import urllib3
from gevent.timeout import Timeout

from evenly.load.answer import ErrorKind

FailureKind = Callable[[BaseException | None], ErrorKind]


@pytest.fixture
def failure_kind(monkeypatch: pytest.MonkeyPatch) -> FailureKind:
    monkeypatch.setenv("LOCUST_SKIP_MONKEY_PATCH", "1")  # or importing Locust would change sockets and threads of all tests
    from evenly.load.locust import user_locustfile  # noqa: PLC0415 - once it is said

    return user_locustfile.failure_kind


def caused_by(cause: BaseException, wrapper: Exception) -> BaseException:
    wrapper.__cause__ = cause
    return wrapper


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (ConnectionRefusedError(111, "Connection refused"), ErrorKind.REFUSED),
        (ConnectionResetError(104, "Connection reset by peer"), ErrorKind.RESET),
        (BrokenPipeError(32, "Broken pipe"), ErrorKind.RESET),
        (OSError(99, "Cannot assign requested address"), ErrorKind.NO_LOCAL_PORT),
        (OSError(113, "No route to host"), ErrorKind.UNREACHABLE),
        (socket.gaierror(-2, "Name or service not known"), ErrorKind.UNREACHABLE),
        (TimeoutError("timed out"), ErrorKind.RESPONSE_TIMEOUT),
        (Timeout(5), ErrorKind.RESPONSE_TIMEOUT),
        (gevent.GreenletExit(), ErrorKind.RESPONSE_TIMEOUT),
        (http.client.RemoteDisconnected("closed without response"), ErrorKind.BAD_RESPONSE),
        (requests.exceptions.ConnectTimeout(), ErrorKind.CONNECT_TIMEOUT),
        (requests.exceptions.ReadTimeout(), ErrorKind.RESPONSE_TIMEOUT),
        (requests.exceptions.ConnectionError(urllib3.exceptions.ProtocolError("x", OSError(104, "reset"))), ErrorKind.RESET),
        (caused_by(OSError(111, "refused"), requests.exceptions.ConnectionError("no")), ErrorKind.REFUSED),
        (KeyError("theirs"), ErrorKind.UNREACHABLE),
        (None, ErrorKind.UNREACHABLE),
    ],
    ids=lambda value: repr(value).partition(" at 0x")[0],  # the same in every process
)
def test_what_a_client_raises_is_named_by_the_first_cause_that_tells(
    failure_kind: FailureKind, error: BaseException | None, kind: ErrorKind
) -> None:
    assert failure_kind(error) is kind


def test_an_error_that_is_its_own_cause_has_an_end(failure_kind: FailureKind) -> None:
    error = ValueError("round and round")
    error.__context__ = other = ValueError(error)
    other.__context__ = error
    assert failure_kind(error) is ErrorKind.UNREACHABLE
