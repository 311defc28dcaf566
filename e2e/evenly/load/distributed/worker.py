"""One of several processes that send a load together: its users make the attempts that the master gives it."""

import os
import signal
from collections.abc import Sequence
from typing import Any

from locust import events as locust_events
from locust.env import Environment
from locust.runners import WorkerRunner

from evenly.load.distributed.link import READY, Ends, Link
from evenly.load.distributed.shares import Share
from evenly.load.locust.session import give_up, ongoing
from evenly.load.plan import LoadPlan

_events: Any = locust_events  # Locust declares no types for its hooks


def work(link: Link, environment: Environment, *, own_network: bool) -> None:
    """Be one of several processes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the master has it, too, and stops the load

    def begin(**_: object) -> None:
        options: Any = environment.parsed_options  # with what the master has added to its own
        plan = LoadPlan.from_line(options.evenly_plan)
        if plan.target:
            environment.host = f"http://{plan.target}"  # Locust hands it on to the users, who begin after this
        ongoing.source = Share(plan, link, own_network=own_network)

    _events.test_start.add_listener(begin)
    _events.user_error.add_listener(lambda exception, **_: give_up(environment, exception))
    link.write(READY)


def forked(pairs: Sequence[tuple[Ends, Ends]], runner: WorkerRunner) -> Link:
    """Return this process's end of the pair that is its own, and close the others: which one, Locust has said."""
    own = pairs[runner.worker_index][1]
    for end in {end for pair in pairs for ends in pair for end in ends}.difference(own):
        os.close(end)
    return Link(*own)
