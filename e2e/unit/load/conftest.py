import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from random import Random
from typing import Any

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


@contextmanager
def _serve(respond: Respond) -> Iterator[Backend]:
    backend = Backend(respond)
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
