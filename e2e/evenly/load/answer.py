"""What one attempt brought back: an answer that names its pod, or the kind of error."""

import json
from dataclasses import dataclass
from enum import StrEnum


class ErrorKind(StrEnum):
    """Why an attempt has no answer from one of our pods."""

    REFUSED = "refused"
    RESET = "reset"
    UNREACHABLE = "unreachable"
    NO_LOCAL_PORT = "no local port or file left"  # the client's own limit, not the Service's
    CONNECT_TIMEOUT = "time-out in connect"
    RESPONSE_TIMEOUT = "time-out in response"
    BAD_RESPONSE = "bad response"  # not a whole HTTP response
    NOT_OURS = "not ours"  # an HTTP response, but not from our backend


@dataclass(frozen=True, slots=True)
class Answer:
    """What a pod says about itself and about the connection it was asked on.

    ``connection`` is the pod's own serial number of the connection, ``request`` the index of the request on it (1 on a new
    one), ``client`` the address that the pod saw.
    """

    pod: str
    uid: str
    node: str
    connection: int
    request: int
    client: str


LONGEST_IDENTITY = 1_024
"""Characters that all texts of an answer may have together; names in Kubernetes have 253 each at most."""

_NAMES = ("pod", "uid", "node", "connection", "request", "client")
_TYPES = (str, str, str, int, int, str)


@dataclass(frozen=True, slots=True)
class Exchange:
    """One attempt from its start to its end, on the monotonic clock.

    ``connect_us`` is None when no connection came about; just one of ``answer`` and ``error`` is None.
    """

    start_ns: int
    end_ns: int
    connect_us: int | None
    answer: Answer | None
    error: ErrorKind | None

    @property
    def response_us(self) -> int | None:
        """From connected to the last byte of an answer; None without one."""
        if self.answer is None or self.connect_us is None:
            return None
        return (self.end_ns - self.start_ns) // 1000 - self.connect_us


def parse(response: bytes) -> Answer | ErrorKind:
    """Read a whole HTTP/1 response, headers and all, as the backend's answer, or tell what it is instead."""
    head, end_of_head, body = response.partition(b"\r\n\r\n")
    if not end_of_head or not head.startswith(b"HTTP/1."):
        return ErrorKind.BAD_RESPONSE
    try:
        fields = json.loads(body.decode())
    except ValueError:
        return ErrorKind.BAD_RESPONSE if len(body) < _content_length(head) else ErrorKind.NOT_OURS
    if not isinstance(fields, dict) or tuple(fields) != _NAMES or tuple(map(type, fields.values())) != _TYPES:
        return ErrorKind.NOT_OURS
    answer = Answer(*fields.values())
    text = answer.pod + answer.uid + answer.node + answer.client
    return answer if text.isprintable() and len(text) <= LONGEST_IDENTITY else ErrorKind.NOT_OURS


def _content_length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length" and value.strip().isdigit():
            return int(value)
    return 0
