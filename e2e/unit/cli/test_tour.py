"""The tour shows what the tutorial says, and stops where the cluster says otherwise."""

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any

import pytest
from rich.console import Console

from evenly.cli.tour import Tutorial
from evenly.errors import EvenlyError
from evenly.k8s.namespace import Namespace
from evenly.process import ProgramError

SHOP = Namespace(None, "evenly-1a2b-tour")
DOCUMENTS = [
    {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "backend-app"}},
    {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "spring-service"}},
]


class Strict:
    """Plays a cluster's kubectl, which refuses a field that does not exist."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, ...]] = []

    def kubectl(self, *args: str, stdin: str | None = None) -> str:
        self.asked.append(args)
        if "nordPort" in (stdin or ""):
            raise ProgramError("kubectl failed", "", 'strict decoding error: unknown field "spec.ports[0].nordPort"')
        return f"{stdin or 'the table'}\n"


class Lax(Strict):
    """Plays one that takes everything."""

    def kubectl(self, *args: str, stdin: str | None = None) -> str:
        return super().kubectl(*args, stdin=stdin and stdin.replace("nordPort", "nodePort"))


@contextmanager
def service(*, balances: str) -> Iterator[str]:
    """Serve on loopback as a Service would, a pod for each ``connection``, or, as none does, for each ``request``."""
    numbers = count()

    class Pod(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"  # keeps connections

        def setup(self) -> None:
            super().setup()
            self.pod = next(numbers)

        def do_GET(self) -> None:
            pod = next(numbers) if balances == "request" else self.pod
            answer = f"pod-{pod} (connection 1, request 1)\n".encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: Any) -> None:  # noqa: ANN401 - the library's signature
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Pod) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def console() -> Console:
    return Console(record=True, width=200)


def test_the_typo_is_refused_and_the_corrected_manifest_is_applied(console: Console) -> None:
    kind = Strict()
    Tutorial(console, kind).apply(DOCUMENTS, SHOP)  # type: ignore[arg-type]  # it plays kind's part
    told = console.export_text()
    assert told.index('unknown field "spec.ports[0].nordPort"') < told.index("apply -f - < manifests/spring-service.yaml")
    assert kind.asked[-1] == ("--namespace", "evenly-1a2b-tour", "get", "service", "spring-service")


def test_a_cluster_that_takes_the_typo_ends_the_tour(console: Console) -> None:
    with pytest.raises(EvenlyError, match="the manifest with the typo was taken"):
        Tutorial(console, Lax()).apply(DOCUMENTS, SHOP)  # type: ignore[arg-type]  # it plays kind's part


@pytest.mark.parametrize("curl", [shutil.which("curl"), None])
def test_new_connections_meet_several_pods_and_a_kept_one_meets_one(
    console: Console, monkeypatch: pytest.MonkeyPatch, curl: str | None
) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: curl)
    with service(balances="connection") as target:
        Tutorial(console, Strict()).access(target)  # type: ignore[arg-type]  # it plays kind's part
    pods = [line.split()[0] for line in console.export_text().splitlines() if line.startswith("pod-")]
    assert len(set(pods[:6])) == 6
    assert len(set(pods[6:])) == 1
    assert len(pods) == 12


def test_a_connection_that_meets_several_pods_ends_the_tour(console: Console) -> None:
    with service(balances="request") as target, pytest.raises(EvenlyError, match="one connection reached several pods: pod-"):
        Tutorial(console, Strict()).access(target)  # type: ignore[arg-type]  # it plays kind's part
