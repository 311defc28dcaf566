"""How many entries connections need in the kernel's tracking table, and how many connections find room there.

A connection may be tracked three times on its way: from the client to docker-proxy, from there to the node and, where bridged
traffic is tracked too, from the node to a pod on another one. The first two leave from a port of this machine, of which there
are so many; when one is used again so is its entry, also while that stays. The third may leave from any.
"""

OWN_PORT, ANY_PORT = 2, 1


def entries(connections: int, ports: int | None) -> int:
    """Return the most entries that so many connections take, by so many local ports; None where that is unknown.

    Measured: 20,000 in a row took 28,000; 60,000 took 50,000 more.
    """
    return OWN_PORT * min(connections, connections if ports is None else ports) + ANY_PORT * connections


def connections(free: int, ports: int | None) -> int:
    """Return how many connections so many free entries are enough for: the inverse of ``entries``, rounded down."""
    each = free // (OWN_PORT + ANY_PORT)
    return each if ports is None else max(each, (free - OWN_PORT * ports) // ANY_PORT)
