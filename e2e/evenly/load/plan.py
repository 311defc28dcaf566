"""What the load is told before it starts and what it tells when it has ended: one JSON object each."""

import json
import math
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Self

from evenly import codec
from evenly.errors import EvenlyError
from evenly.judge.law import Law, Pick
from evenly.judge.plan import CONNECTIONS_A_CLIENT, cap
from evenly.judge.sample import LOOK_EVERY
from evenly.judge.share_rule import ALPHA, BETA, DELTA, ShareRule
from evenly.load.identify import Dialect, EvenlyBackend, Identify

LEAST_AFTER_FAIL = 1_000
"""A FAIL may be certain at the first attempt; this many make a picture that shows what happened."""

PRELUDE = 200
"""Attempts made one after the other before all clients begin: their order shows a Service that takes turns, or sticks."""

PRELUDE_LIMIT_S = 2.0
"""A slow Service gets a shorter prelude."""

HOLD_RATE_PER_S = 500
"""Attempts a second after PASS: half a minute of them leaves most of a usual connection tracking table (262,144) free."""

LOAD_LIMIT_S = 60.0
"""Beside the time that a rate takes, and the time after PASS. The cap takes a healthy Service a few seconds."""

EXIT_CODE_CRASHED = 3
EXIT_CODE_UNWRITTEN = 128
"""Plus errno: a load that could not write its rows. Its log cannot be relied on to say so: it lies on the same full disk."""

ROWS_FILE = "rows.csv"
SUMMARY_FILE = "summary.json"
MET_FILE = "met"
"""There when all workers have connected to their master, which then waits for its plan."""
T0_FILE = "t0_ns"
"""What the summary says as ``t0_ns``, for those who read the rows while the load is on."""


class Stopped(StrEnum):
    """Why no further attempt was handed out."""

    DECIDED = "decided"
    CAP = "cap reached"
    TIME_LIMIT = "time limit"
    INTERRUPTED = "interrupted"
    WORKER_LOST = "a worker process was lost"


@dataclass(frozen=True, slots=True)
class LoadPlan:
    """The decision rule that a load is sent for; the ids of its attempts are ``<run_id>/1`` and so on.

    At most ``cap`` attempts are made until the rule decides; after PASS the load goes on for ``hold_s`` seconds. Attempts start
    at ``rate_per_s``, and have their times from when they were meant to start; without a rate each client makes its next one
    when the one before has ended, and ``HOLD_RATE_PER_S`` is the rate after PASS. One that goes ``to_the_end`` is not stopped
    by what its attempts say: its pods change, so ``law`` is that of its beginning only. ``target`` is an address and port, ""
    for those that Locust was started with, ``host`` what each request's Host header says, "" for the target. ``identify`` is
    for a backend that is not evenly's.
    """

    run_id: str
    law: Law
    cap: int
    alpha: float = ALPHA
    beta: float = BETA
    delta: float = DELTA
    look_every: int = LOOK_EVERY
    errors_allowed: int = 0
    least_after_fail: int = LEAST_AFTER_FAIL
    prelude: int = PRELUDE
    prelude_limit_s: float = PRELUDE_LIMIT_S
    sources: str = ""
    hold_s: float = 0.0
    rate_per_s: float = 0.0
    host: str = ""
    target: str = ""
    to_the_end: bool = False
    identify: Identify | None = None

    @classmethod
    def lasting(cls, run_id: str, law: Law, *, rate_per_s: float, limit_s: float, errors_allowed: int = 0) -> Self:
        """Plan a load that decides nothing by itself: it goes on until it is stopped, or for ``limit_s`` seconds."""
        most = round(rate_per_s * limit_s)
        return cls(run_id, law, most, errors_allowed=errors_allowed, prelude=0, rate_per_s=rate_per_s, to_the_end=True)

    @classmethod
    def of(  # noqa: PLR0913 - a plan's own fields
        cls,
        run_id: str,
        rule: ShareRule,
        *,
        sources: str = "",
        hold_s: float = 0.0,
        rate_per_s: float = 0.0,
        host: str = "",
    ) -> Self:
        """Plan the load that a rule's law asks for.

        Turns are seen only where attempts are made one after the other, so all of them are. Where clients stay on their pods,
        each has an address of its own in ``sources`` (a network, such as 127.1.0.0/16) and makes ``CONNECTIONS_A_CLIENT``
        attempts in a row. Raises EvenlyError where there are not enough addresses.
        """
        most, pick = cap(rule), rule.law.pick
        plan = cls(
            *(run_id, rule.law, most, rule.alpha, rule.beta, rule.delta),
            sources=sources,
            hold_s=hold_s,
            rate_per_s=rate_per_s,
            host=host,
        )
        if pick is Pick.IN_TURN:
            return replace(plan, prelude=most, prelude_limit_s=LOAD_LIMIT_S)
        if pick is Pick.PER_CLIENT:
            clients, addresses = most // CONNECTIONS_A_CLIENT, ip_network(sources).num_addresses - 2 if sources else 1
            if clients > addresses:
                raise EvenlyError(
                    f"a law over clients takes up to {clients} of them, and the load has {addresses} addresses",
                    "give the load a network of its machine that has as many: load(law=..., sources='127.1.0.0/16')",
                )
            return replace(plan, prelude=0)
        return plan

    def source(self, number: int) -> str:
        """Return the address that an attempt comes from, which says whose it is; "" where the system chooses it."""
        return str(_network(self.sources)[1 + (number - 1) // CONNECTIONS_A_CLIENT]) if self.sources else ""

    @property
    def addresses(self) -> int:
        """From how many addresses of this machine the attempts come."""
        return math.ceil(self.cap / CONNECTIONS_A_CLIENT) if self.sources else 1

    @property
    def dialect(self) -> Dialect:
        """How requests and answers are worded."""
        return self.identify or EvenlyBackend()

    @property
    def held(self) -> int:
        """How many attempts are made after PASS."""
        return round(self.hold_s * (self.rate_per_s or HOLD_RATE_PER_S))

    @property
    def longest_s(self) -> float:
        """From release on; no attempt is handed out later, whatever has been decided by then."""
        return LOAD_LIMIT_S + self.hold_s + (self.cap / self.rate_per_s if self.rate_per_s else 0.0)

    def to_line(self) -> str:
        """Write the plan as one line of JSON."""
        return json.dumps(codec.encode(self)) + "\n"

    @classmethod
    def from_line(cls, line: str) -> Self:
        """Read what ``to_line`` wrote."""
        return codec.decode(cls, json.loads(line), "plan")


@cache
def _network(sources: str) -> IPv4Network | IPv6Network:
    return ip_network(sources)


@dataclass(frozen=True, slots=True)
class Summary:
    """A load that has ended: how much, how long, at what cost, and why it stopped.

    ``prelude`` is how many attempts, from the first on, were made one after the other. ``seconds`` is from the first start to
    the last end, ``client_cpu_s`` its processes' own use of CPU in that time, ``stalls`` the attempts that took 1 s or more
    (lost SYNs, mostly), ``t0_ns`` the machine's monotonic clock at the first start, ``held_s`` how long it went on after PASS,
    ``bottlenecks`` what held it up beside the Service, a sentence with a remedy each, ``workers`` how many processes sent it,
    ``lost`` the numbers of attempts that one of them had, and did not tell what came of them.
    """

    attempts: int
    prelude: int
    seconds: float
    client_cpu_s: float
    stalls: int
    stopped: Stopped
    locust_version: str
    t0_ns: int
    held_s: float = 0.0
    bottlenecks: tuple[str, ...] = ()
    workers: int = 1
    lost: tuple[int, ...] = ()

    def to_json(self) -> str:
        """Write the summary as JSON."""
        return json.dumps(codec.encode(self), indent=2) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what ``to_json`` wrote."""
        return codec.decode(cls, json.loads(text), "summary")
