"""What the load is told before it starts and what it tells when it has ended: one JSON object each."""

import json
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Self

from evenly.judge.law import Law, Pick
from evenly.judge.sample import LOOK_EVERY
from evenly.judge.share import ALPHA, BETA, DELTA

LEAST_AFTER_FAIL = 1_000
"""A FAIL may be certain at the first attempt; this many make a picture that shows what happened."""

PRELUDE = 200
"""Attempts made one after the other before all clients begin: their order shows a Service that takes turns, or sticks."""

PRELUDE_LIMIT_S = 2.0
"""A slow Service gets a shorter prelude."""

LOAD_LIMIT_S = 60.0
"""From release on; no attempt is handed out after it, whatever has been decided by then."""

EXIT_CODE_CRASHED = 3
EXIT_CODE_UNWRITTEN = 128
"""Plus errno: a load that could not write its rows. Its log cannot be relied on to say so: it lies on the same full disk."""

ROWS_FILE = "rows.csv"
SUMMARY_FILE = "summary.json"


class Stopped(StrEnum):
    """Why no further attempt was handed out."""

    DECIDED = "decided"
    CAP = "cap reached"
    TIME_LIMIT = "time limit"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True)
class LoadPlan:
    """The decision rule that a load is sent for; the ids of its attempts are ``<run_id>/1`` to, at most, ``<run_id>/<cap>``."""

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

    def to_line(self) -> str:
        """Write the plan as one line of JSON."""
        fields = {name: getattr(self, name) for name in self.__slots__}
        law = {"name": self.law.name, "shares": dict(self.law.shares), "pick": self.law.pick}
        return json.dumps(fields | {"law": law}) + "\n"

    @classmethod
    def from_line(cls, line: str) -> Self:
        """Read what ``to_line`` wrote."""
        fields = json.loads(line)
        law = fields["law"]
        return cls(**fields | {"law": Law(law["name"], law["shares"], Pick(law["pick"]))})


@dataclass(frozen=True, slots=True)
class Summary:
    """A load that has ended: how much, how long, at what cost, and why it stopped.

    ``prelude`` is how many attempts, from the first on, were made one after the other. ``seconds`` is from the first start to
    the last end, ``client_cpu_s`` the load process's own use of CPU in that time, ``stalls`` the attempts that took 1 s or more
    (lost SYNs, mostly), ``t0_ns`` the machine's monotonic clock at the first start.
    """

    attempts: int
    prelude: int
    seconds: float
    client_cpu_s: float
    stalls: int
    stopped: Stopped
    locust_version: str
    t0_ns: int

    def to_json(self) -> str:
        """Write the summary as JSON."""
        return json.dumps(asdict(self), indent=2) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what ``to_json`` wrote."""
        fields = json.loads(text)
        return cls(**fields | {"stopped": Stopped(fields["stopped"])})
