"""What k8s asks of a cluster's nodes; the room of the cluster provides it."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from evenly.progress import Progress


class NodeAccess(Protocol):
    """What can be done on a cluster's nodes; one that keeps them to itself raises NotApplicableError, or waits instead."""

    def exec(self, node: str, *command: str, stdin: str | None = None) -> str:
        """Run a command on a node, as root, and return what it prints; raises NotApplicableError, and ProgramError."""

    def forget_connections(self, nodes: Sequence[str], port: int) -> None:
        """Have nodes forget all connections to one of their ports: what one load lost would be lost in the next, too."""

    def note_losses(self) -> None:
        """Take note that connections were just lost, which nodes will remember for a while."""

    def await_forgotten(self, progress: Progress) -> None:
        """Wait until the nodes have forgotten by themselves what was lost, where nothing can make them."""

    def pause(self, node: str) -> AbstractContextManager[None]:
        """Have all processes of a node stand still while the ``with`` block lasts."""

    def kill(self, node: str, uid: str, program: str) -> None:
        """Kill all processes of a program in a pod (its UID) at once, without notice."""

    @property
    def rules_are_read(self) -> bool:
        """Whether kube-proxy's rules can be read on the nodes."""
