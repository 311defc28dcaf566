"""A cluster that evenly made with kind: all of it is in reach, also its nodes."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from evenly.cluster import conntrack, records
from evenly.cluster.engine import gateway, haproxy
from evenly.cluster.engine.haproxy import Balancer
from evenly.cluster.faults import kill, pause
from evenly.cluster.host.ports import NODE_PORT
from evenly.cluster.images import worker_image
from evenly.cluster.images.sources import Sources
from evenly.cluster.kind import Kind
from evenly.progress import Progress


@dataclass(frozen=True)
class KindCluster:
    """A cluster that answers.

    ``entries`` holds, by node, the ``host:port`` of this machine that leads to the node's port 30000. ``backend_image`` takes
    the place of the manifests' nginx. ``kind`` is pytest-kind's object; ``sources`` have the engine that runs the nodes, and
    the images that only some tests need. ``loaded`` are those that the nodes hold by now. kind has no provider of load
    balancers, which would give Services external addresses.
    """

    rules_are_read: ClassVar[bool] = True
    gives_external_addresses: ClassVar[bool] = False

    name: str
    kubeconfig: Path
    entries: Mapping[str, str]
    backend_image: str
    description: str
    kept: bool
    kind: Kind
    sources: Sources
    versions: Mapping[str, str] = field(default_factory=dict)
    loaded: set[str] = field(default_factory=set)

    @property
    def context(self) -> str:
        """The name of its context in its kubeconfig."""
        return f"kind-{self.name}"

    @property
    def certificates(self) -> Path:
        """The folder for what a client unpacks from the kubeconfig; it goes with the cluster."""
        return records.certificates(self.kubeconfig)

    def kubectl(self, *args: str, stdin: str | None = None) -> str:
        """Run kubectl on this cluster and return what it prints; raises ProgramError with its own words."""
        return self.kind.kubectl(*args, stdin=stdin)

    def exec(self, node: str, *command: str, stdin: str | None = None) -> str:
        """Run a command on a node, as root, and return what it prints; raises ProgramError with its own words."""
        return self.kind.on_node(node, *command, stdin=stdin)

    def check_ours(self, kept: str) -> None:
        """Do nothing: a cluster made here keeps nothing to itself."""

    def entry_points(self, node_port: int, addresses: Mapping[str, str]) -> Mapping[str, str]:
        """Return, by node, where this machine reaches a node port; kind's mapped ports lead to ``NODE_PORT`` alone."""
        if node_port == NODE_PORT:
            return self.entries
        return {node: f"{address}:{node_port}" for node, address in addresses.items()}

    def forget_connections(self, nodes: Sequence[str], port: int) -> None:
        """Have nodes forget all connections to one of their ports; raises ProgramError."""
        for node in nodes:
            conntrack.forget(self.exec, node, port)

    def note_losses(self) -> None:
        """Do nothing: these nodes are made to forget."""

    def await_forgotten(self, progress: Progress) -> None:
        """Do nothing: these nodes are made to forget."""

    def free_conntrack_entries(self, nodes: Sequence[str]) -> int:
        """Return how many more connections the fullest of these nodes can track."""
        return min(conntrack.free(self.exec, node) for node in nodes)

    def pause(self, node: str) -> AbstractContextManager[None]:
        """Freeze all processes of a node while the ``with`` block lasts; raises ProgramError with the engine's words."""
        return pause.paused(self.sources.engine, self.name, node)

    def kill(self, node: str, uid: str, program: str) -> None:
        """Kill all processes of a program in a pod at once, with SIGKILL; raises ProgramError where there are none."""
        kill.kill(self.exec, node, uid, program)

    def load_worker_image(self, nodes: Sequence[str], progress: Progress) -> str:
        """Return the name of the image of pods that send a load, once these nodes hold it; making it takes about 20 s."""
        image = worker_image.obtain(self.sources)
        if image not in self.loaded:
            with progress.step("put Locust into the nodes", usually_s=6):
                self.kind.load_docker_image(image, *nodes)
            self.loaded.add(image)
        return image

    def gateway(self) -> str:
        """Return this machine's address on the network of the nodes: the one that pods reach it at."""
        return gateway.address(self.sources.engine)

    @contextmanager
    def haproxy(self, config: str) -> Iterator[tuple[Balancer, str]]:
        """Start HAProxy on the network of the nodes, give it with its image's name, and remove it afterwards."""
        image = self.sources.balancer_image()
        with haproxy.started(self.name, config, image, self.sources.engine) as balancer:
            yield balancer, image
