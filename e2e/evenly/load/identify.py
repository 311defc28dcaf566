"""What an attempt asks for, and how its answer names the pod: as evenly's own backend does, or as somebody else's."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol, Self

from evenly.errors import EvenlyError
from evenly.load.answer import LONGEST_IDENTITY, Answer, ErrorKind, content_length, header_in, parse

_NAME_OF_A_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110, 5.6.2


class Dialect(Protocol):
    """How one request and its answer are worded."""

    def request(self, attempt_id: str, host: str) -> bytes:
        """Write the request of an attempt."""

    def read(self, response: bytes) -> Answer | ErrorKind:
        """Read the whole response."""


class EvenlyBackend:
    """The attempt's id is in the path, and the backend logs it."""

    def request(self, attempt_id: str, host: str) -> bytes:
        """Write the request of an attempt."""
        return f"GET /{attempt_id} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode()

    def read(self, response: bytes) -> Answer | ErrorKind:
        """Read the whole response."""
        return parse(response)


@dataclass(frozen=True, slots=True)
class Identify:
    """A backend of somebody else's: a ``header`` of its answers names the pod, or what ``pattern`` finds in their body.

    ``known`` gives the UID for every name that a pod may go by; a name that is not among them stands for itself, so that a
    stranger is seen. The attempt's id is in X-Request-Id, for their own logs.
    """

    header: str = ""
    pattern: str = ""
    path: str = "/"
    known: Mapping[str, str] = field(default_factory=dict)

    def knowing(self, known: Mapping[str, str]) -> Self:
        """Return the same for pods that go by these names."""
        return replace(self, known=dict(known))

    def request(self, attempt_id: str, host: str) -> bytes:
        """Write the request of an attempt."""
        lines = (f"GET {self.path} HTTP/1.1", f"Host: {host}", "Connection: close", f"X-Request-Id: {attempt_id}", "", "")
        return "\r\n".join(lines).encode()

    def read(self, response: bytes) -> Answer | ErrorKind:
        """Read the whole response, whatever its status."""
        head, end_of_head, body = response.partition(b"\r\n\r\n")
        if not end_of_head or not head.startswith(b"HTTP/1.") or len(body) < content_length(head):
            return ErrorKind.BAD_RESPONSE
        name = self._name(head, body)
        if not name.isprintable() or not 0 < len(name) <= LONGEST_IDENTITY:
            return ErrorKind.NOT_OURS
        return Answer(name, self.known.get(name, name), node="", connection=0, request=1, client="")

    def __str__(self) -> str:
        return f"the header {self.header}" if self.header else f"what {self.pattern} finds in the body"

    def _name(self, head: bytes, body: bytes) -> str:
        if self.header:
            return header_in(head, self.header)
        found = re.search(self.pattern, body.decode(errors="replace"))
        return found[1] or "" if found else ""


def header(name: str, *, path: str = "/") -> Identify:
    """Know a pod by a header of its answers: its name, its IP or its UID; ``path`` is what is asked for."""
    if not _NAME_OF_A_HEADER.fullmatch(name):
        raise EvenlyError(f"{name!r} is no name of a header", "name one that the pods' answers have, such as X-Pod")
    return Identify(header=name, path=_checked(path))


def body(pattern: str, *, path: str = "/") -> Identify:
    """Know a pod by the first group that a regular expression finds in the body of its answers; as `header` otherwise."""
    try:
        groups = re.compile(pattern).groups
    except re.error as error:
        raise EvenlyError(f"{pattern!r} is no regular expression: {error}", "see the documentation of Python's re") from None
    if groups != 1:
        raise EvenlyError(f"{pattern!r} has {groups} groups", """give it one, around the pod's name: 'served by (\\S+)'""")
    return Identify(pattern=pattern, path=_checked(path))


def _checked(path: str) -> str:
    if not path.startswith("/") or not path.isascii() or not path.isprintable() or " " in path:
        raise EvenlyError(f"{path!r} cannot be asked for", "give a path as a request has it, such as /healthz?full=1")
    return path
