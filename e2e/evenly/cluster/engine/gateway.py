"""This machine's address on the network of a cluster's nodes: the one that pods reach it at."""

from evenly.cluster.engine.engine import Engine
from evenly.cluster.kind import NETWORK
from evenly.errors import EvenlyError

INSPECT_LIMIT_S = 10.0


def address(engine: Engine) -> str:
    """Return the IPv4 address of the gateway of the network that kind made; EvenlyError where it has none."""
    shown = "{{range .IPAM.Config}}{{.Gateway}} {{end}}"
    gateways = engine.docker("network", "inspect", "--format", shown, NETWORK, timeout_s=INSPECT_LIMIT_S).split()
    found = next((gateway for gateway in gateways if ":" not in gateway), "")
    if not found:
        raise EvenlyError(
            f"the nodes' network, {NETWORK}, has no IPv4 gateway, so pods do not reach this machine",
            "leave --workers-in-cluster out, and have processes of this machine send the load: --workers",
        )
    return found.partition("/")[0]
