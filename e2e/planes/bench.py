"""A network of its own with pods, and what stands before them, for as long as a load takes."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from evenly.process import run
from planes.judged import Judged, judged
from planes.network import own_network
from planes.rules import Rules
from planes.servers import Server, Servers, sysctls

RULES_LIMIT_S = 10.0
ADDRESSES = ("127.0.0.2", "127.0.0.3", "127.0.0.4")


@dataclass(frozen=True, slots=True)
class Plane:
    """A data plane: rules in the kernel, servers on the way, and pods (by UID) that do not run."""

    rules: Rules | None = None
    proxies: Sequence[Server] = ()
    down: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class Measured:
    """All that was sent through one plane."""

    loads: Sequence[Judged]

    @property
    def verdicts(self) -> dict[str, int]:
        """How often each verdict came out: the word, and the cause if there is one."""
        verdicts = (load.verdict for load in self.loads)
        return dict(Counter(f"{v.word} ({v.cause})" if v.cause else str(v.word) for v in verdicts))

    @property
    def counts(self) -> tuple[int, ...]:
        """The answers of each pod, over all loads."""
        return tuple(map(sum, zip(*(load.counts for load in self.loads), strict=True)))

    @property
    def mean_connections(self) -> float:
        """How many connections a verdict rests on, on average."""
        return sum(load.verdict.connections for load in self.loads) / len(self.loads)


@dataclass(frozen=True, slots=True)
class Bench:
    """Three pods by UID, and the environment in which the programs that take rules are found."""

    servers: Servers
    pods: Mapping[str, Server]
    tools: Mapping[str, str]

    def load(self, plane: Plane) -> Judged:
        """Set the plane up in a new network, send one load through it, judge it, and take all of it down."""
        with ExitStack() as stack:
            stack.enter_context(own_network())
            for name, value in sysctls().items():
                Path("/proc/sys", *name.split(".")).write_text(value)
            for server in (*(pod for uid, pod in self.pods.items() if uid not in plane.down), *plane.proxies):
                stack.enter_context(server.running())
            if plane.rules:
                run(*plane.rules.argv, stdin=plane.rules.text, env=self.tools, timeout_s=RULES_LIMIT_S)
            folder = stack.enter_context(TemporaryDirectory(dir=self.servers.folder))
            return judged(self.pods, Path(folder))
