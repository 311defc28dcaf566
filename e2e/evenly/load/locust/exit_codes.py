"""How a load's process ends for what is no fault of the Service's, and with which exit code."""

import os
import traceback
from typing import Any

import gevent
from locust import events as locust_events
from locust.env import Environment

from evenly.load.locust.session import ongoing
from evenly.load.plan import EXIT_CODE_CRASHED, EXIT_CODE_UNWRITTEN

_events: Any = locust_events  # Locust declares no types for its hooks


def give_up(environment: Environment, error: BaseException) -> None:
    """End the process at once for what is no fault of the Service's: a disk that is full, or an error of evenly's own."""
    ongoing.exit_code = code = exit_code(error)
    if code > EXIT_CODE_UNWRITTEN:
        os._exit(code)  # in good order, Locust would fail to write its own report, and end with the code of that
    traceback.print_exception(error)
    if environment.runner:
        gevent.spawn(environment.runner.quit)


def _keep_exit_code(environment: Environment, **_: object) -> None:
    if ongoing.exit_code is not None:
        environment.process_exit_code = ongoing.exit_code


def exit_code(error: BaseException) -> int:
    """Tell a disk that cannot be written from a crash: attempts raise no OSError of their own, whatever the network does."""
    return EXIT_CODE_UNWRITTEN + error.errno if isinstance(error, OSError) and error.errno else EXIT_CODE_CRASHED


# Somebody's locustfile may make an exit code of the share of failures; of these listeners the first one is called last.
_events.quitting.add_listener(_keep_exit_code)
