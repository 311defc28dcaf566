"""Rules of the kernel's packet filter that choose a pod for each new connection, written as kube-proxy writes them."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

DOOR = "127.0.0.1"
DOOR_PORT = 30000

NFTABLES = """\
table ip planes {{
  chain output {{
    type nat hook output priority -100; policy accept;
    ip daddr {door} tcp dport {door_port} dnat to numgen {way} mod {slots} map {{ {pods} }} : {port}
  }}
}}
"""
IPTABLES = "-A OUTPUT -d {door} -p tcp --dport {door_port}{chance} -j DNAT --to-destination {pod}:{port}"
CHANCE = " -m statistic --mode random --probability {:.10f}"


@dataclass(frozen=True, slots=True)
class Rules:
    """What a program reads from its standard input and puts into the kernel."""

    argv: tuple[str, ...]
    text: str


def nftables(pods: Sequence[str], port: int, slots: Sequence[int], way: str = "random") -> Rules:
    """Give each pod so many of the slots between which a number decides: a ``random`` one, or ``inc``, the next."""
    ends = list(accumulate(slots))
    ranges = (f"{end - width}-{end - 1} : {pod}" for pod, width, end in zip(pods, slots, ends, strict=True))
    pods_of_slots = ", ".join(ranges)
    text = NFTABLES.format(door=DOOR, door_port=DOOR_PORT, way=way, slots=ends[-1], pods=pods_of_slots, port=port)
    return Rules(("nft", "-f", "-"), text)


def iptables(pods: Sequence[str], port: int, chances: Sequence[float]) -> Rules:
    """Ask the pods in turn: each takes a connection that has come to it with its chance; the last should take them all."""
    lines = [
        IPTABLES.format(door=DOOR, door_port=DOOR_PORT, chance=CHANCE.format(chance) if chance < 1 else "", pod=pod, port=port)
        for pod, chance in zip(pods, chances, strict=True)
    ]
    return Rules(("iptables-restore",), "\n".join(["*nat", *lines, "COMMIT", ""]))


def in_turn(slots: Sequence[int]) -> list[float]:
    """Return the chances that give each pod its part of the slots when they are asked one after the other."""
    return [width / sum(slots[number:]) for number, width in enumerate(slots)]
