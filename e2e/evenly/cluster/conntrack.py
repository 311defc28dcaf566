"""What a node remembers of connections: where each goes on, by the client's address and port."""

import time
from collections.abc import Callable

FORGOTTEN_AFTER_S = 125.0
"""After so long a node has forgotten by itself what was lost: the two minutes below, and a client's patience of 5 s."""

Exec = Callable[..., str]
"""Runs a command on a node, whose name comes first, and returns what it prints; raises ProgramError."""

_TABLE = tuple(f"/proc/sys/net/netfilter/nf_conntrack_{number}" for number in ("count", "max"))


def forget(on_node: Exec, node: str, port: int) -> None:
    """Have a node forget all connections to one of its ports.

    An attempt to reach a pod that has gone stays in the node's tracking table for two minutes after its last packet
    (nf_conntrack_tcp_timeout_syn_sent). Until then a new connection from the same client port is taken for that attempt, and
    sent to the same pod, whatever the rules say by now: one load's losses would be found in the next, also in that of another
    Service with the same node port. Raises ProgramError.
    """
    # its list of what it deletes would be as long as the load; and it ends with 1 where there was nothing
    on_node(node, "sh", "-c", f"conntrack -D -p tcp --orig-port-dst {port} >/dev/null 2>&1 || [ $? -eq 1 ]")


def free(on_node: Exec, node: str) -> int:
    """Return how many more connections a node can track."""
    used, most = on_node(node, "cat", *_TABLE).split()
    return int(most) - int(used)


class Memory:
    """How long the nodes of a cluster may remember what was lost, where no command makes them forget."""

    def __init__(self) -> None:
        self._until_s = 0.0

    def lost(self) -> None:
        """Take note that connections were just lost."""
        self._until_s = time.monotonic() + FORGOTTEN_AFTER_S

    @property
    def left_s(self) -> float:
        """Seconds until all is forgotten."""
        return max(0.0, self._until_s - time.monotonic())
