"""What one attempt brought back: an answer that names its pod, or the kind of error."""

import json
import re
import time
from enum import StrEnum
from typing import NamedTuple, Self


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


class Answer(NamedTuple):
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


class Exchange(NamedTuple):
    """One attempt from its start to its end, on the monotonic clock.

    ``connect_us`` is None when no connection came about; just one of ``answer`` and ``error`` is None.
    """

    start_ns: int
    end_ns: int
    connect_us: int | None
    answer: Answer | None
    error: ErrorKind | None

    @classmethod
    def now(cls, start_ns: int, connected_ns: int | None, result: Answer | ErrorKind) -> Self:
        """Make one that has just ended; ``connected_ns`` is None when no connection came about."""
        answer, error = (result, None) if isinstance(result, Answer) else (None, result)
        connect_us = None if connected_ns is None else (connected_ns - start_ns) // 1000
        return cls(start_ns, time.monotonic_ns(), connect_us, answer, error)

    @property
    def response_us(self) -> int | None:
        """From connected to the last byte of an answer; None without one."""
        if self.answer is None or self.connect_us is None:
            return None
        return (self.end_ns - self.start_ns) // 1000 - self.connect_us


_TEXT = '"([ !#-\\[\\]-~]*)"'  # printable, nothing that JSON escapes
_NUMBER = "(0|[1-9][0-9]{0,17})"
_PLAIN = re.compile(
    rf'{{"pod":{_TEXT},"uid":{_TEXT},"node":{_TEXT},"connection":{_NUMBER},"request":{_NUMBER},"client":{_TEXT}}}\n'
)
"""An answer as the backend writes it, read twice as fast as by json, which reads all others."""


def parse(response: bytes) -> Answer | ErrorKind:
    """Read a whole HTTP/1 response, headers and all, as the backend's answer, or tell what it is instead."""
    head, end_of_head, body = response.partition(b"\r\n\r\n")
    if not end_of_head or not head.startswith(b"HTTP/1."):
        return ErrorKind.BAD_RESPONSE
    try:
        text = body.decode()
        plain = _PLAIN.fullmatch(text)
        if plain and len(text) <= LONGEST_IDENTITY:
            pod, uid, node, connection, request, client = plain.groups()
            return Answer(pod, uid, node, int(connection), int(request), client)
        fields = json.loads(text)
    except ValueError:
        return ErrorKind.BAD_RESPONSE if len(body) < content_length(head) else ErrorKind.NOT_OURS
    return answer_of(fields) or ErrorKind.NOT_OURS


def answer_of(fields: object) -> Answer | None:
    """Take a body's JSON as the backend's answer; None when it is anything else."""
    if not isinstance(fields, dict) or tuple(fields) != _NAMES or tuple(map(type, fields.values())) != _TYPES:
        return None
    answer = Answer(*fields.values())
    text = answer.pod + answer.uid + answer.node + answer.client
    return answer if text.isprintable() and len(text) <= LONGEST_IDENTITY else None


def content_length(head: bytes) -> int:
    """Return how long the headers say the body is; 0 when they do not."""
    length = header_in(head, "Content-Length")
    return int(length) if length.isdecimal() and length.isascii() else 0


def header_in(head: bytes, wanted: str) -> str:
    """Return a header's value; "" without it."""
    for line in head.decode("latin-1").split("\r\n")[1:]:
        name, _, value = line.partition(":")
        if name.lower() == wanted.lower():
            return value.strip()
    return ""
