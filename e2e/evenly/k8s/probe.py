"""One probe through a Service, to learn who answers; never part of the sample."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException

from evenly import limits

PROBE_ID = "probe/0"
PROBE_PATH = f"/{PROBE_ID}"

Ask = Callable[[], str | None]
"""Sends one probe and returns the UID of the pod that answered, None when none did."""


@dataclass(frozen=True, slots=True)
class Reply:
    """Which pod answered a probe (its UID), the address that it saw, and whom a client pod connected to; "" for nobody."""

    uid: str = ""
    client: str = ""
    upstream: str = ""


def ask(address: str, host: str = "", limit_s: float = limits.PROBE_S) -> Reply:
    """Ask the backend behind ``host:port`` on a new connection; a reply without a UID is that none came within the limit.

    ``host`` is what the request's Host header says, which a client pod goes by; "" for the address itself.
    """
    name, _, port = address.rpartition(":")
    connection = HTTPConnection(name, int(port), timeout=limits.scaled(limit_s))
    try:
        connection.request("GET", PROBE_PATH, headers={"Host": host or address})
        response = connection.getresponse()
        answer = json.loads(response.read())
        return Reply(str(answer["uid"]), str(answer["client"]), response.headers.get("X-Upstream", ""))
    except (OSError, HTTPException, ValueError, KeyError, TypeError):
        return Reply()
    finally:
        connection.close()


def prober(address: str, host: str = "") -> Ask:
    """Return a function that asks there, and tells the pod only."""
    return lambda: ask(address, host).uid or None
