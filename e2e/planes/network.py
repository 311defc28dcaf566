"""A network namespace of this process's own: what is done to it happens to nobody else, and is gone when it is left."""

import ctypes
import fcntl
import os
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from evenly.errors import EvenlyError

CLONE_NEWNET = 0x40000000  # <linux/sched.h>, and two of <linux/sockios.h> and <linux/if.h>
SIOCSIFFLAGS = 0x8914
IFF_UP = 0x1

_libc = ctypes.CDLL(None, use_errno=True)


@contextmanager
def own_network() -> Iterator[None]:
    """Put this thread, and the programs that it starts, into an empty network with a loopback; afterwards it is back.

    The kernel forgets the network, with its rules and connections, when the last program in it has ended. Raises EvenlyError
    where this process may not make one.
    """
    with Path("/proc/thread-self/ns/net").open(encoding="ascii") as before:
        if _libc.unshare(CLONE_NEWNET) != 0:
            raise EvenlyError(
                f"this process may not make a network namespace ({os.strerror(ctypes.get_errno())})",
                "run it as root; in a container, one that was started with --privileged",
            )
        try:
            with socket.socket() as any_socket:
                fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", IFF_UP))
            yield
        finally:
            back = _libc.setns(before.fileno(), CLONE_NEWNET)
            assert back == 0, os.strerror(ctypes.get_errno())
