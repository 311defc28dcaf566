"""The view from the network of the nodes: this machine is on it, and is none of them."""

import socket
import struct
from ipaddress import IPv4Address
from pathlib import Path

from evenly import limits
from evenly.errors import NotApplicableError

ACCEPTED = "accepted"


def device_of(node: str, routes: Path = Path("/proc/net/route")) -> str:
    """Return the network device of this machine that the address of a node is behind.

    Raises NotApplicableError where the nodes are on no network of this machine, as with Docker Desktop, which has its own.
    """
    if routes.exists():
        for line in routes.read_text().splitlines()[1:]:
            device, network, gateway, _, _, _, _, mask, *_ = line.split()
            if not int(gateway, 16) and int(mask, 16) and _of(node) & int(mask, 16) == int(network, 16):
                return device
    raise NotApplicableError(
        f"the nodes' network ({node}) is none of this machine's",
        "leave this test out, or run it where Docker's networks are this machine's own",
    )


def connect(address: str, device: str) -> str:
    """Connect to ``host:port`` by this device, and return ``ACCEPTED`` or the system's words.

    It never leaves by another: an address of a cluster may be somebody else's out there.
    """
    host, _, port = address.rpartition(":")
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device.encode())
        connection.settimeout(limits.scaled(limits.CONNECT_S))
        try:
            connection.connect((host, int(port)))
        except OSError as error:
            return error.strerror or f"no answer within {limits.told(limits.CONNECT_S)}"
    return ACCEPTED


def _of(address: str) -> int:
    """Return an address as /proc has it: in the byte order of the machine."""
    return int(struct.unpack("=I", IPv4Address(address).packed)[0])
