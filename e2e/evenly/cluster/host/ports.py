"""The ports on this machine's loopback address that lead to the nodes, as extraPortMappings of manifests/kind.yaml has them."""

import errno
import socket
from collections.abc import Collection, Mapping
from pathlib import Path

from evenly.cluster.host.requirements import Requirement, require

HOST = "127.0.0.1"
NODE_PORT = 30000
LISTENING = "0A"  # TCP_LISTEN in /proc/net/tcp

BALANCER = 30003  # of the load balancer before all nodes, in the tests that have one

# By what kind calls its nodes, after the cluster's name.
HOST_PORTS = {"control-plane": 30000, "worker": 30001, "worker2": 30002}


def of_cluster(name: str) -> Mapping[str, str]:
    """Return each node of a kind cluster with the address that leads to its port 30000."""
    return {f"{name}-{node}": f"{HOST}:{port}" for node, port in HOST_PORTS.items()}


def free(ports: Collection[int] = HOST_PORTS.values()) -> Requirement:
    """Tell whether nothing on this machine holds one of the ports, naming the process that does where Linux tells."""
    taken = [f"port {port} of {HOST} is taken{_holder(port)}" for port in ports if _taken(port)]
    return Requirement(
        "ports",
        "; ".join(taken) or f"ports {', '.join(map(str, ports))} of {HOST} are free",
        met=not taken,
        remedy="stop what holds it, then run again; another cluster's container may be one: docker ps",
    )


def check_free() -> None:
    """Raise LackingError when something on this machine holds a node's port."""
    require("each node of the cluster needs a port of its own", free())


def check_balancer_free() -> None:
    """Raise LackingError when something on this machine holds the load balancer's port."""
    require("a load balancer needs a port of its own", free([BALANCER]))


def _taken(port: int) -> bool:
    with socket.socket() as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # connections that wait to be forgotten do not count
        try:
            trial.bind((HOST, port))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            return True
    return False


def _holder(port: int, proc: Path = Path("/proc")) -> str:
    """Return `` by process N (its command)``, or nothing where it cannot be told."""
    sockets = {
        f"socket:[{fields[9]}]"
        for table in ("net/tcp", "net/tcp6")
        if (proc / table).exists()
        for fields in map(str.split, (proc / table).read_text().splitlines()[1:])
        if fields[3] == LISTENING and int(fields[1].rpartition(":")[2], 16) == port
    }
    for link in proc.glob("[0-9]*/fd/*") if sockets else ():
        try:
            if str(link.readlink()) in sockets:
                process = link.parent.parent
                return f" by process {process.name} ({(process / 'comm').read_text().strip()})"
        except OSError:  # it ended, or is another user's
            continue
    return ""
