"""A node's connection table: each open connection as it came, and as its answers come back."""

import re
from dataclasses import dataclass

_LINE = re.compile(
    r"tcp +6 \d+ ESTABLISHED"
    r" src=(\S+) dst=(\S+) sport=(\d+) dport=(\d+)(?: \[UNREPLIED\])?"
    r" src=(\S+) dst=(\S+) sport=(\d+) dport=(\d+)(?: \[ASSURED\])? .*"
)


@dataclass(frozen=True, slots=True)
class Way:
    """From one ``host:port`` to another."""

    source: str
    destination: str

    def __str__(self) -> str:
        return f"{self.source} -> {self.destination}"


@dataclass(frozen=True, slots=True)
class Tracked:
    """An open TCP connection: what the client sends, and what the node takes for answers to it."""

    there: Way
    back: Way


def command(node_port: int) -> tuple[str, ...]:
    """Return the command that lists a node's open connections to a port; closed ones stay for minutes, by the thousand."""
    return ("conntrack", "-L", "-p", "tcp", "--state", "ESTABLISHED", "--orig-port-dst", str(node_port))


def tracked(listed: str) -> frozenset[Tracked]:
    """Read the output of `command`."""
    entries = [entry.groups() for line in listed.splitlines() if (entry := _LINE.fullmatch(line))]
    return frozenset(Tracked(_way(*ends[:4]), _way(*ends[4:])) for ends in entries)


def _way(source: str, destination: str, source_port: str, destination_port: str) -> Way:
    return Way(f"{source}:{source_port}", f"{destination}:{destination_port}")
