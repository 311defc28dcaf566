"""What can be done on the nodes of a cluster."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from evenly.progress import Progress


class NodeAccess(Protocol):
    """The nodes of a cluster; one that keeps them to itself raises NotApplicableError, or waits instead."""

    @property
    def rules_are_read(self) -> bool:
        """Whether the rules on its nodes can be read."""

    def exec(self, node: str, *command: str, stdin: str | None = None) -> str:
        """Run a command on a node, as root, and return what it prints; raises ProgramError with its own words."""

    def forget_connections(self, nodes: Sequence[str], port: int) -> None:
        """Have nodes forget all connections to one of their ports, where that can be done."""

    def note_losses(self) -> None:
        """Take note that connections were just lost, which nodes may remember for a while."""

    def await_forgotten(self, progress: Progress) -> None:
        """Wait until the nodes have forgotten what was lost."""

    def pause(self, node: str) -> AbstractContextManager[None]:
        """Freeze all processes of a node while the ``with`` block lasts."""

    def kill(self, node: str, uid: str, program: str) -> None:
        """Kill all processes of a program in a pod at once, with SIGKILL."""
