"""A network of its own with pods, and what stands before them, for as long as a load takes."""

import os
import signal
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from evenly.judge import Law, uniform
from evenly.k8s.wait import until
from evenly.load.client.process import LocustProcess
from evenly.process import run
from planes.judged import Judged, judged
from planes.rules import Rules
from planes.servers import Server, Servers, pods_network

RULES_LIMIT_S = 10.0
UNDISTURBED = 300  # attempts before something happens
DISTURB_LIMIT_S = 10.0
ADDRESSES = ("127.0.0.2", "127.0.0.3", "127.0.0.4")


@dataclass(frozen=True, slots=True)
class Plane:
    """A data plane: rules in the kernel, servers on the way, and pods (by UID) that do not run; and what is declared of it."""

    rules: Rules | None = None
    proxies: Sequence[Server] = ()
    down: Collection[str] = ()
    law: Callable[[Iterable[str]], Law] = uniform
    hold_s: float = 0.0
    struck: tuple[str, signal.Signals] | None = None  # what a pod gets in the middle of the load
    stopped: bool = False  # whether the load itself is, by Ctrl-C


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
            stack.enter_context(pods_network())
            up = {uid: stack.enter_context(pod.running()) for uid, pod in self.pods.items() if uid not in plane.down}
            for proxy in plane.proxies:
                stack.enter_context(proxy.running())
            if plane.rules:
                run(*plane.rules.argv, stdin=plane.rules.text, env=self.tools, timeout_s=RULES_LIMIT_S)
            folder = stack.enter_context(TemporaryDirectory(dir=self.servers.folder))

            def disturb(locust: LocustProcess) -> None:
                until(lambda: len(locust.rows) >= UNDISTURBED, limit_s=DISTURB_LIMIT_S, every_s=0.01)
                if plane.struck:
                    uid, number = plane.struck
                    os.killpg(up[uid].pid, number)
                if plane.stopped:
                    locust.stop()

            disturbs = disturb if plane.struck or plane.stopped else None
            gone = [plane.struck[0]] if plane.struck else []  # it takes along, or keeps, what it has not written yet
            return judged(self.pods, Path(folder), plane.law(self.pods), hold_s=plane.hold_s, during=disturbs, gone=gone)
