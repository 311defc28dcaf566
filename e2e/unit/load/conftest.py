import asyncio
import re
import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from random import Random
from typing import Any, TypeVar

import pytest

Respond = Callable[[bytes, int], bytes | None]
"""Gets a request and the serial number of its connection; None leaves the client without an answer."""


class Backend(asyncio.Protocol):
    """A stand-in for the Service and its pods: answers each connection once, closes it, and keeps what it was asked."""

    def __init__(self, respond: Respond) -> None:
        self.respond = respond
        self.requests: list[str] = []
        self.connections = 0
        self.port = 0
        self.open: set[asyncio.Transport] = set()
        self.closed = asyncio.Event()

    @property
    def target(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def address(self) -> tuple[str, int]:
        return "127.0.0.1", self.port

    def __call__(self) -> asyncio.Protocol:
        self.connections += 1
        return _Connection(self, self.connections)


class _Connection(asyncio.Protocol):
    def __init__(self, backend: Backend, serial: int) -> None:
        self.backend = backend
        self.serial = serial

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.backend.open.add(transport)

    def connection_lost(self, _: Exception | None) -> None:
        self.backend.open.discard(self.transport)
        self.backend.closed.set()

    def data_received(self, data: bytes) -> None:
        self.backend.requests.append(data.split(b" ")[1].decode())
        response = self.backend.respond(data, self.serial)
        if response is not None:
            self.transport.write(response)
            self.transport.close()


def http(body: str, status: str = "200 OK") -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n{body}".encode()


def answer(pod: int, serial: int) -> bytes:
    return http(
        f'{{"pod":"pod-{pod}","uid":"uid-{pod}","node":"node-1","connection":{serial},"request":1,"client":"127.0.0.1"}}\n'
    )


class KeptPods(Backend):
    """A stand-in that keeps connections open, with pods that count their connections and the requests on each.

    ``served`` is their log: UID, connection, request index. ``bodies`` makes an answer of the four of them; None cuts the
    connection without an answer. ``keep`` says whether a connection stays open after an answer.
    """

    def __init__(self) -> None:
        super().__init__(lambda *_: None)
        self.by_chance = Random(20261124)  # noqa: S311 - a simulation
        self.served: list[tuple[str, int, int]] = []
        self.serials = Counter[int]()
        self.keep = True
        self.bodies: Callable[[int, int, int], str | None] = whole_answer

    def __call__(self) -> asyncio.Protocol:
        self.connections += 1
        pod = self.by_chance.randint(1, 3)
        self.serials[pod] += 1
        return _KeptConnection(self, pod, self.serials[pod])

    @property
    def logs(self) -> dict[str, list[str]]:
        """As the pods' nginx writes them, without ids."""
        logs = defaultdict(list)
        for uid, connection, request in self.served:
            logs[uid].append(f" {connection} {request} 200")
        return logs


def whole_answer(pod: int, serial: int, index: int) -> str | None:
    names = f'"pod":"pod-{pod}","uid":"uid-{pod}","node":"node-1"'
    return f'{{{names},"connection":{serial},"request":{index},"client":"127.0.0.1"}}\n'


class _KeptConnection(_Connection):
    backend: KeptPods

    def __init__(self, backend: KeptPods, pod: int, serial: int) -> None:
        super().__init__(backend, serial)
        self.pod = pod
        self.index = 0
        self.received = b""

    def data_received(self, data: bytes) -> None:
        self.received += data
        head, end_of_head, body = self.received.partition(b"\r\n\r\n")
        length = re.search(rb"(?i)content-length: (\d+)", head)
        if not end_of_head or len(body) < (int(length[1]) if length else 0):
            return
        self.received = b""
        self.index += 1
        self.backend.requests.append(head.split(b" ")[1].decode())
        self.backend.served.append((f"uid-{self.pod}", self.serial, self.index))
        body_of_answer = self.backend.bodies(self.pod, self.serial, self.index)
        if body_of_answer is None:
            self.transport.close()
            return
        response = http(body_of_answer)
        self.transport.write(response.replace(b"Connection: close\r\n", b"") if self.backend.keep else response)
        if not self.backend.keep:
            self.transport.close()


def _serve(respond: Respond) -> AbstractContextManager[Backend]:
    return _serving(Backend(respond))


BackendT = TypeVar("BackendT", bound=Backend)


@contextmanager
def _serving(backend: BackendT) -> Iterator[BackendT]:
    loop = asyncio.new_event_loop()

    async def listen() -> asyncio.Server:
        server = await loop.create_server(backend, "127.0.0.1", 0, backlog=1024)
        backend.port = server.sockets[0].getsockname()[1]
        return server

    async def close() -> None:
        server.close()
        for transport in tuple(backend.open):
            transport.abort()
        while backend.open:
            backend.closed.clear()
            await backend.closed.wait()

    server = loop.run_until_complete(listen())
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield backend
    finally:
        asyncio.run_coroutine_threadsafe(close(), loop).result(timeout=5)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@pytest.fixture
def serve() -> Callable[[Respond], Any]:
    return _serve


@pytest.fixture
def three_pods() -> Iterator[Backend]:
    by_chance = Random(20261124)  # noqa: S311 - a simulation
    with _serve(lambda _, serial: answer(by_chance.randint(1, 3), serial)) as backend:
        yield backend


@pytest.fixture
def kept_pods() -> Iterator[KeptPods]:
    with _serving(KeptPods()) as backend:
        yield backend
