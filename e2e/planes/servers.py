"""Real nginx: pods as manifests/backend.yaml starts them, and proxies that stand before them. Each has a folder as its root."""

import json
import os
import shutil
import signal
import socket
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from evenly import process
from evenly.errors import EvenlyError
from evenly.k8s import manifest
from evenly.k8s.wait import until
from evenly.shipped import shipped
from planes.network import own_network

PORT = 8080
OPEN_LIMIT_S = 5.0
UNPACK_LIMIT_S = 60.0

CONFIG = "etc/backend/nginx.conf"
LOG = "dev/stdout"
ERRORS = "dev/stderr"

PROXY = """\
daemon off;
worker_processes 1;
error_log stderr warn;
pid /tmp/nginx.pid;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    keepalive_timeout 0;
    {http}
    server {{
        listen {address}:{port} backlog=4096;
        {server}
    }}
}}
"""


@dataclass(frozen=True, slots=True)
class Server:
    """An nginx that has ``root`` as its file system and listens on ``address`` and ``port``."""

    root: Path
    address: str
    port: int
    argv: tuple[str, ...]
    config: str
    environment: tuple[tuple[str, str], ...] = ()

    @contextmanager
    def running(self) -> Iterator[process.Program]:
        """Start it with an empty log and an empty /tmp, and wait until it accepts connections; after the block it has ended."""
        shutil.rmtree(self.root / "tmp")
        (self.root / "tmp").mkdir()
        (self.root / "tmp").chmod(0o1777)
        (self.root / CONFIG).parent.mkdir(exist_ok=True)
        (self.root / CONFIG).write_text(self.config)
        (self.root / LOG).write_text("")
        with (self.root / ERRORS).open("w") as errors:
            program = process.start(
                *("chroot", self.root),
                *self.argv,
                env=dict(self.environment),
                stdout=errors.fileno(),
                stderr=errors.fileno(),
            )
        with program:
            try:
                until(lambda: self._is_open() or program.poll() is not None, limit_s=OPEN_LIMIT_S, every_s=0.01)
                if not self._is_open():
                    said = process.tail((self.root / ERRORS).read_text())
                    raise EvenlyError(f"nginx does not listen on {self.address}:{self.port}{said}", "mend what it names")
                yield program
            finally:
                process.stop(program, signal.SIGTERM)

    @property
    def lines(self) -> list[str]:
        """What it has logged of requests since it was started."""
        return (self.root / LOG).read_text().splitlines()

    def _is_open(self) -> bool:
        with socket.socket() as connection:
            return connection.connect_ex((self.address, self.port)) == 0


@dataclass(frozen=True, slots=True)
class Servers:
    """Makes servers below a folder, out of the layer of the backend's image."""

    folder: Path
    image: Path

    def pod(self, uid: str, address: str) -> Server:
        """Return a pod as the Deployment starts it, but for its address: pods have one of their own, these share a network."""
        config = _declared("ConfigMap")["data"]["nginx.conf"]
        container = _declared("Deployment")["spec"]["template"]["spec"]["containers"][0]
        assert config.count(f"listen {PORT} ") == 1
        return Server(
            self._root(uid),
            address,
            PORT,
            (*container["command"], *container["args"]),
            config.replace(f"listen {PORT} ", f"listen {address}:{PORT} "),
            (("POD_UID", uid), ("NODE_NAME", os.uname().nodename)),
        )

    def proxy(self, address: str, port: int, server: str, http: str = "") -> Server:
        """Return an nginx with these directives in its ``server`` block and in the ``http`` block around it."""
        config = PROXY.format(address=address, port=port, server=server, http=http)
        return Server(self._root(f"proxy-{address}"), address, port, ("nginx", "-c", f"/{CONFIG}"), config)

    def _root(self, name: str) -> Path:
        root = self.folder / name
        if not root.exists():
            root.mkdir()
            with tarfile.open(self.image) as archive:
                described = archive.extractfile("manifest.json")
                assert described
                [layer] = json.load(described)[0]["Layers"]
            # tar's own, as a file's owner and mode are wanted as they are, and Python's module has said so only since 3.11.4
            unpack = 'tar --extract --to-stdout --file "$0" "$1" | tar --extract --directory "$2"'
            process.run("sh", "-c", unpack, self.image, layer, root, timeout_s=UNPACK_LIMIT_S)
            (root / "dev").mkdir()
        return root


@contextmanager
def pods_network() -> Iterator[None]:
    """Enter a network of its own with the kernel's settings that the Deployment makes in its pods' networks."""
    with own_network():
        for name, value in _sysctls().items():
            Path("/proc/sys", *name.split(".")).write_text(value, encoding="ascii")
        yield


def _sysctls() -> Mapping[str, str]:
    pod = _declared("Deployment")["spec"]["template"]["spec"]
    return {setting["name"]: setting["value"] for setting in pod["securityContext"]["sysctls"]}


def _declared(kind: str) -> manifest.Document:
    return manifest.only(manifest.read(shipped("manifests/backend.yaml")), kind, "backend.yaml")
