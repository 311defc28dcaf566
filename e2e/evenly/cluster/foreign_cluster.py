"""A cluster that evenly did not make: it is used, and never created, changed or deleted."""

import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, NoReturn

from evenly.cluster.conntrack import Memory
from evenly.cluster.engine.haproxy import Balancer
from evenly.cluster.kind import KUBECTL_LIMIT_S, KUBECTL_WITHOUT_CACHE
from evenly.errors import NotApplicableError
from evenly.process import run
from evenly.progress import Progress


@dataclass(frozen=True, slots=True)
class ForeignCluster:
    """A cluster that answers; ``entries`` holds, by node, the ``address:port`` of the node's port 30000.

    It stays, pulls the manifests' own images by itself, and may give Services external addresses; a client unpacks what it
    needs of the kubeconfig elsewhere. What it keeps to itself raises NotApplicableError.
    """

    kept: ClassVar[bool] = True
    backend_image: ClassVar[str] = ""
    certificates: ClassVar[None] = None
    rules_are_read: ClassVar[bool] = False
    gives_external_addresses: ClassVar[bool] = True

    context: str
    kubeconfig: Path
    entries: Mapping[str, str]
    description: str
    versions: Mapping[str, str] = field(default_factory=dict)
    memory: Memory = field(default_factory=Memory)

    @property
    def name(self) -> str:
        """What its owner calls it."""
        return self.context

    def kubectl(self, *args: str, stdin: str | None = None) -> str:
        """Run this machine's kubectl on the cluster and return what it prints; raises ProgramError with its own words."""
        env = {"KUBECONFIG": str(self.kubeconfig), **KUBECTL_WITHOUT_CACHE}  # unlike --kubeconfig, it may name several files
        return run("kubectl", "--context", self.context, *args, timeout_s=KUBECTL_LIMIT_S, stdin=stdin, env=env)

    def exec(self, node: str, *command: str, stdin: str | None = None) -> str:
        """Raise NotApplicableError."""
        del node, command, stdin
        self._keeps("no command is run on its nodes")

    def check_ours(self, kept: str) -> None:
        """Raise NotApplicableError, which says what this cluster keeps to itself."""
        self._keeps(kept)

    def entry_points(self, node_port: int, addresses: Mapping[str, str]) -> Mapping[str, str]:
        """Return, by node, where this machine reaches a node port."""
        return {node: f"{address}:{node_port}" for node, address in addresses.items()}

    def forget_connections(self, nodes: Sequence[str], port: int) -> None:
        """Do nothing: these nodes forget in their own time, which ``await_forgotten`` gives them."""

    def note_losses(self) -> None:
        """Take note that connections were just lost, which the nodes remember for a while."""
        self.memory.lost()

    def await_forgotten(self, progress: Progress) -> None:
        """Wait until the nodes have forgotten what an earlier load lost: the next load would lose it again."""
        if left_s := self.memory.left_s:
            with progress.step("let the nodes forget what was lost", usually_s=left_s):
                time.sleep(left_s)

    def free_conntrack_entries(self, nodes: Sequence[str]) -> int:
        """Raise NotApplicableError."""
        del nodes
        self._keeps("its nodes' connection tracking is not read")

    def pause(self, node: str) -> AbstractContextManager[None]:
        """Raise NotApplicableError."""
        del node
        self._keeps("none of its nodes is paused")

    def kill(self, node: str, uid: str, program: str) -> None:
        """Raise NotApplicableError."""
        del node, uid, program
        self._keeps("no command is run on its nodes")

    def load_worker_image(self, nodes: Sequence[str], progress: Progress) -> str:
        """Raise NotApplicableError."""
        del nodes, progress
        self._keeps("no pods of evenly's send a load in it")

    def gateway(self) -> str:
        """Raise NotApplicableError."""
        self._keeps("its pods are not led to this machine")

    def haproxy(self, config: str) -> AbstractContextManager[tuple[Balancer, str]]:
        """Raise NotApplicableError."""
        del config
        self._keeps("no load balancer of evenly's is put before its nodes")

    def _keeps(self, what: str) -> NoReturn:
        raise NotApplicableError(
            f"evenly did not make {self.description}: {what}",
            "leave --context out: a cluster that is made for the run has it all",
        )
