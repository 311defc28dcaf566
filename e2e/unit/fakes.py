"""Stand-ins: docker and kind that keep a diary of what they were asked, a cluster's nodes, a Service that loads go to."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from evenly.cluster.kind_cluster import KindCluster
from evenly.k8s.converge import Settled
from evenly.k8s.endpoints import Reading
from evenly.k8s.nodes import Node
from evenly.k8s.pods import Pod
from evenly.load.identify import Identify
from evenly.load.rows import Row
from evenly.progress import Progress
from evenly.scenario.epochs import Change
from evenly.scenario.pod_logs import Unverified
from evenly.scenario.target import EntryPoints, Ledger
from evenly.scenario.testbed import Testbed
from evenly.settings import Settings
from unit.factories import pod

# An image is a file in images/, a network a file in networks/, a node a file in nodes/; a pull fails unless `registry`
# exists. Names are flattened, so that they are names of files. In sh, since a test may start dozens of them.
BEGIN = """\
#!/bin/sh
PATH=/usr/bin:/bin
cd "${0%/bin/*}"
printf '%s\\n' "${0##*/} $*" >> diary
flat() { echo "$1" | tr / _; }
fail() { echo "$1" >&2; exit 1; }
asked() { [ -e registry ] || fail "$1"'Get "https://example/v2/": dial tcp: lookup example: no such host'; }
nodes_of() { for node in $(ls nodes); do [ "$(cat "nodes/$node")" != "$1" ] || echo "$node"; done; }
for last; do :; done
"""
DOCKER = """\
if [ "$1" = manifest ]; then  # the command itself asks the registry, without an engine
    asked 'failed to configure transport: '
    exit
fi
[ ! -e down ] || fail 'Cannot connect to the Docker daemon at unix:///nowhere. Is the docker daemon running?'
case "$1 $2" in
version\\ *) echo 99.1 ;;
'image inspect')
    image=images/$(flat "$last")
    [ -e "$image" ] || fail "Error response from daemon: No such image: $last"
    name=${last%%@*}
    case $4 in
    *json*) echo "[\\"${name%%:*}@sha256:feed\\"]" ;;
    *) echo "sha256:$(cat "$image")" ;;
    esac ;;
info\\ *) if [ -e mirror ]; then echo '["https://mirror.example/"]'; else echo '[]'; fi ;;
pull\\ *)
    asked 'Error response from daemon: '
    printf pulled > "images/$(flat "$2")"
    echo "Pulling $2" ;;
'network ls') echo bridge; ls networks ;;
'network rm') rm "networks/$3" ;;
ps\\ *) nodes_of "${last##*=}" ;;
rm\\ *) shift 3; for node; do rm "nodes/$node"; done ;;
esac
"""
KIND = """\
option() {
    wanted=$1
    shift
    while [ "$1" != "$wanted" ]; do shift; done
    echo "$2"
}
case "$1 $2" in
version\\ *) echo 'kind v0.33.0 go1.26.0 linux/amd64' ;;
'get clusters') for node in nodes/*; do [ ! -e "$node" ] || { cat "$node"; echo; }; done | sort -u ;;
'get nodes') nodes_of "$(option --name "$@")" ;;
create\\ *)
    cluster=$(option --name "$@")
    cat > config
    : > networks/kind
    for node in control-plane worker worker2; do printf %s "$cluster" > "nodes/$cluster-$node"; done
    [ ! -e robbed ] || rm "nodes/$cluster-worker2"
    [ ! -e broken ] || fail 'ERROR: failed to create cluster: broken'
    cp kubeconfig "$(option --kubeconfig "$@")" ;;
delete\\ *)
    [ ! -e impatient ] || kill -INT "$PPID"
    for node in $(nodes_of "$(option --name "$@")"); do rm "nodes/$node"; done ;;
esac
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
        program.write_text(BEGIN + text)
        program.chmod(0o755)
    (here / "kubeconfig").write_text(KUBECONFIG)
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


@dataclass
class Nodes:
    """Plays a cluster of ours: keeps what it was told to forget, and has one answer for each command."""

    entries: Mapping[str, str] = field(default_factory=lambda: {"one": "127.0.0.1:30000", "two": "127.0.0.1:30001"})
    forgotten: list[tuple[tuple[str, ...], int]] = field(default_factory=list)
    losses: int = 0
    waits: int = 0
    free: int = 200_000
    rules_are_read: bool = False
    backend_image: str = ""
    description: str = "ours"

    def forget_connections(self, nodes: Sequence[str], port: int) -> None:
        self.forgotten.append((tuple(nodes), port))

    def note_losses(self) -> None:
        self.losses += 1

    def await_forgotten(self, progress: Progress) -> None:
        del progress
        self.waits += 1

    def exec(self, node: str, *command: str, stdin: str | None = None) -> str:
        raise AssertionError(f"{node} was not to be asked {command}, {stdin}")

    def pause(self, node: str) -> AbstractContextManager[None]:
        raise AssertionError(f"{node} was not to be paused")

    def kill(self, node: str, uid: str, program: str) -> None:
        raise AssertionError(f"{program} in {uid} on {node} was not to be killed")

    def free_conntrack_entries(self, _: Sequence[str]) -> int:
        return self.free


@dataclass
class Endpoints:
    """Plays the watch of a Service's endpoints, with the readings that it is given."""

    all: list[Reading]

    @property
    def ready(self) -> frozenset[str]:
        return self.all[-1].ready

    @property
    def since_ns(self) -> int:
        return self.all[-1].at_ns

    def readings(self, since_ns: int) -> tuple[Reading, ...]:
        before = [reading for reading in self.all if reading.at_ns <= since_ns]
        return (*before[-1:], *(reading for reading in self.all if reading.at_ns > since_ns))


@dataclass
class FakeTarget:
    """Plays a Service of three pods that stay."""

    ref: Any = None
    entries: EntryPoints = field(default_factory=lambda: EntryPoints(Nodes().entries, 30000))
    endpoints: Any = field(default_factory=lambda: Endpoints([Reading(0, frozenset("abc"))]))
    settled: Settled = field(default_factory=lambda: Settled(tuple(map(pod, "abc")), opened=True))
    identify: Identify | None = None
    manifests: tuple[str, ...] = ()
    clients: tuple[Pod, ...] = ()
    cluster_nodes: tuple[Node, ...] = (Node("one", "10.1.0.1", ""), Node("two", "10.1.0.2", ""))
    new_connections_only: str = ""
    settles: list[str] = field(default_factory=list)
    seen: tuple[Change, ...] = ()

    def host(self, to: str = "") -> str:
        return to

    def settle(self, through: str = "", consecutive_good: int = 0) -> None:
        self.settles.append(f"{through} {consecutive_good}")

    def ledger(self, ids: str, *, pods_change: bool = False) -> AbstractContextManager[Ledger]:
        del ids, pods_change
        return nullcontext(Unverified())

    def resolved(self, rows: Sequence[Row]) -> tuple[Row, ...]:
        return tuple(rows)

    def changes_seen(self, made: Sequence[Change], pauses_ns: Sequence[int]) -> tuple[Change, ...]:
        del pauses_ns
        return (*made, *self.seen)


def a_testbed(cluster: object, *, run: object = None, settings: Settings | None = None) -> Testbed:
    """Return one whose API server is not asked; its run says nothing and records nothing, unless one is given."""
    silent = SimpleNamespace(progress=Progress(), record=SimpleNamespace(scenarios=()), run_id="run", evidence=Path("evidence"))
    return Testbed(cast("Any", cluster), cast("Any", None), cast("Any", run or silent), settings or Settings())


def a_kind_cluster(*, kind: object = None) -> KindCluster:
    """Return a cluster that was made here, of a kind that may be played."""
    return KindCluster(
        *("one", Path("config"), {"one-worker": "127.0.0.1:30000"}, "evenly/nginx:1.26", "a cluster"),
        kept=True,
        kind=cast("Any", kind),
        sources=cast("Any", None),
    )
