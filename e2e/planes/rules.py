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
    ip daddr {door} tcp dport {door_port} dnat to {way} mod {slots} map {{ {pods} }} : {port}
  }}
}}
"""
CHANGING = """\
table ip planes {{
  chain first {{ meta l4proto tcp dnat to numgen random mod {slots} map {{ {pods} }} : {port}; }}
  chain then {{ meta l4proto tcp dnat to {last} : {port}; }}
  chain output {{
    type nat hook output priority -100; policy accept;
    ip daddr {door} tcp dport {door_port} numgen inc mod {most} vmap {{ 0-{before} : goto first, {after}-{end} : goto then }}
  }}
}}
"""
MOST = 1_000_000  # connections, beyond which a changing plane would begin anew
RANDOM, INC, BY_SOURCE = "numgen random", "numgen inc", "jhash ip saddr"
IPTABLES = "-A OUTPUT -d {door} -p tcp --dport {door_port}{chance} -j DNAT --to-destination {pod}:{port}"
CHANCE = " -m statistic --mode random --probability {:.10f}"


@dataclass(frozen=True, slots=True)
class Rules:
    """What a program reads from its standard input and puts into the kernel."""

    argv: tuple[str, ...]
    text: str


def nftables(pods: Sequence[str], port: int, slots: Sequence[int], way: str = RANDOM) -> Rules:
    """Give each pod so many of the slots between which a number decides: a random one, the next, or that of the client."""
    return _nftables(NFTABLES, pods, slots, port=port, way=way)


def changing(pods: Sequence[str], port: int, slots: Sequence[int], after: int) -> Rules:
    """Pick by chance for so many connections; all later ones go to the last pod."""
    return _nftables(CHANGING, pods, slots, port=port, last=pods[-1], before=after - 1, after=after, end=MOST - 1, most=MOST)


def _nftables(text: str, pods: Sequence[str], slots: Sequence[int], **others: object) -> Rules:
    ends = list(accumulate(slots))
    ranges = (f"{end - width}-{end - 1} : {pod}" for pod, width, end in zip(pods, slots, ends, strict=True))
    filled = text.format(door=DOOR, door_port=DOOR_PORT, slots=ends[-1], pods=", ".join(ranges), **others)
    return Rules(("nft", "-f", "-"), filled)


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
