"""One probe through a Service, to learn who answers; never part of the sample."""

import json
from collections.abc import Callable
from http.client import HTTPConnection, HTTPException

PROBE_TIMEOUT_S = 1.0
PROBE_PATH = "/probe/0"

Ask = Callable[[], str | None]
"""Sends one probe and returns the UID of the pod that answered, None when none did."""


def prober(address: str) -> Ask:
    """Return a function that asks the backend behind ``host:port`` on a new connection."""
    host, _, port = address.rpartition(":")

    def ask() -> str | None:
        connection = HTTPConnection(host, int(port), timeout=PROBE_TIMEOUT_S)
        try:
            connection.request("GET", PROBE_PATH)
            return str(json.loads(connection.getresponse().read())["uid"])
        except (OSError, HTTPException, ValueError, KeyError, TypeError):
            return None
        finally:
            connection.close()

    return ask
