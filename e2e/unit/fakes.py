"""Stand-ins for docker and kind: they keep a diary of what they were asked, and hold what a real one would hold."""

import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

# An image is a file in images/, a network a file in networks/, a node a file in nodes/; a pull fails unless `registry`
# exists. Names are flattened, so that they are names of files.
DOCKER = """\
#!{python} -IS
import sys, pathlib
here = pathlib.Path({here!r})
a = sys.argv[1:]
with (here / "diary").open("a") as diary:
    print("docker", *a, file=diary)
flat = lambda name: name.replace("/", "_")
if a[0] == "manifest":  # the command itself asks the registry, without an engine
    if not (here / "registry").exists():
        sys.exit('failed to configure transport: Get "https://example/v2/": dial tcp: lookup example: no such host')
    sys.exit()
if (here / "down").exists():
    sys.exit("Cannot connect to the Docker daemon at unix:///nowhere. Is the docker daemon running?")
if a[0] == "version":
    print("99.1")
elif a[:2] == ["image", "inspect"]:
    image = here / "images" / flat(a[-1])
    if not image.exists():
        sys.exit("Error response from daemon: No such image: " + a[-1])
    print('["' + a[-1].split("@")[0].split(":")[0] + '@sha256:feed"]' if "json" in a[3] else "sha256:" + image.read_text())
elif a[0] == "info":
    print('["https://mirror.example/"]' if (here / "mirror").exists() else "[]")
elif a[0] == "pull":
    if not (here / "registry").exists():
        sys.exit('Error response from daemon: Get "https://example/v2/": dial tcp: lookup example: no such host')
    (here / "images" / flat(a[1])).write_text("pulled")
    print("Pulling", a[1])
elif a[0] == "network" and a[1] == "ls":
    print("bridge", *[n.name for n in (here / "networks").iterdir()], sep="\\n")
elif a[0] == "network" and a[1] == "rm":
    (here / "networks" / a[2]).unlink()
elif a[0] == "ps":
    cluster = a[-1].rpartition("=")[2]
    print(*[n.name for n in (here / "nodes").iterdir() if n.read_text() == cluster], sep="\\n")
elif a[0] == "rm":
    for node in a[3:]:
        (here / "nodes" / node).unlink()
"""
KIND = """\
#!{python} -IS
import os, sys, pathlib, signal
here = pathlib.Path({here!r})
a = sys.argv[1:]
with (here / "diary").open("a") as diary:
    print("kind", *a, file=diary)
nodes = here / "nodes"
option = lambda name: a[a.index(name) + 1]
if a[0] == "version":
    print("kind v0.33.0 go1.26.0 linux/amd64")
elif a == ["get", "clusters"]:
    print(*{{n.read_text() for n in nodes.iterdir()}}, sep="\\n")
elif a[:2] == ["get", "nodes"]:
    print(*[n.name for n in nodes.iterdir() if n.read_text() == option("--name")], sep="\\n")
elif a[0] == "create":
    (here / "config").write_text(sys.stdin.read())
    (here / "networks" / "kind").touch()
    for node in ("control-plane", "worker", "worker2"):
        (nodes / (option("--name") + "-" + node)).write_text(option("--name"))
    if (here / "robbed").exists():
        (nodes / (option("--name") + "-worker2")).unlink()
    if (here / "broken").exists():
        sys.exit("ERROR: failed to create cluster: broken")
    pathlib.Path(option("--kubeconfig")).write_text({kubeconfig!r})
elif a[0] == "delete":
    if (here / "impatient").exists():
        os.kill(os.getppid(), signal.SIGINT)
    for n in nodes.iterdir():
        if n.read_text() == option("--name"):
            n.unlink()
"""

KUBECONFIG = """\
apiVersion: v1
kind: Config
current-context: one
contexts: [{name: one, context: {cluster: one, user: one}}, {name: two, context: {cluster: one, user: one}}]
clusters: [{name: one, cluster: {server: "http://127.0.0.1:1"}}]
users: [{name: one, user: {token: secret}}]
"""


@dataclass(frozen=True)
class Machine:
    """A machine with a docker and a kind on its PATH, neither of them real."""

    here: Path

    @property
    def diary(self) -> list[str]:
        return (self.here / "diary").read_text().splitlines()

    @property
    def nodes(self) -> set[str]:
        return {node.name for node in (self.here / "nodes").iterdir()}

    @property
    def networks(self) -> set[str]:
        return {network.name for network in (self.here / "networks").iterdir()}

    def holds(self, image: str) -> None:
        (self.here / "images" / image.replace("/", "_")).write_text("held")

    def runs(self, name: str, script: str) -> Path:
        """Put a shell script onto the PATH."""
        program = self.here / "bin" / name
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
        return program

    def becomes(self, state: str) -> None:
        (self.here / state).touch()


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    here = tmp_path / "machine"
    for folder in ("bin", "images", "networks", "nodes"):
        (here / folder).mkdir(parents=True)
    for name, text in (("docker", DOCKER), ("kind", KIND)):
        program = here / "bin" / name
        program.write_text(text.format(python=sys.executable, here=str(here), kubeconfig=KUBECONFIG))
        program.chmod(0o755)
    (here / "diary").touch()
    monkeypatch.setenv("PATH", str(here / "bin"))
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    return Machine(here)


@pytest.fixture
def kubeconfig(tmp_path: Path) -> Path:
    """A kubeconfig with the contexts one and two, whose API server does not answer."""
    path = tmp_path / "config"
    path.write_text(KUBECONFIG)
    return path
