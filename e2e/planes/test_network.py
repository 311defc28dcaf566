"""What is done in a network of its own stays there."""

import socket
from pathlib import Path

from planes.network import own_network

SETTING = Path("/proc/sys/net/ipv4/tcp_max_tw_buckets")
ANOTHER_VALUE = "4711"

State = tuple[Path, list[tuple[int, str]], str]


def state() -> State:
    """The network of this thread: which it is, its interfaces, and a setting of it."""
    return Path("/proc/thread-self/ns/net").readlink(), socket.if_nameindex(), SETTING.read_text()


def test_a_setting_made_inside_changes_nothing_outside() -> None:
    outside = state()
    with own_network():
        SETTING.write_text(ANOTHER_VALUE)
        inside = state()
    assert state() == outside
    assert inside[0] != outside[0]
    assert inside[2].strip() == ANOTHER_VALUE != outside[2].strip()
