"""The Locust side of the load: a User on raw connections, and how a run under the harness begins and ends.

With plain ``locust -f`` it loads until Locust stops it. With ``--evenly-folder`` it waits for a plan, one line on standard
input, sends what the plan asks for, leaves rows.csv and summary.json in the folder, and quits by itself.
"""

import os
import signal
import sys
import traceback
from functools import cache
from pathlib import Path
from socket import SOCK_STREAM, getaddrinfo
from typing import Any, ClassVar, Protocol
from urllib.parse import urlsplit

import gevent
from gevent.event import Event
from locust import User, __version__
from locust import events as locust_events
from locust.argument_parser import LocustArgumentParser
from locust.env import Environment
from locust.exception import StopUser
from locust.runners import Runner
from locust.stats import RequestStats

from evenly.load import connection
from evenly.load.answer import Exchange
from evenly.load.attempts import Attempts
from evenly.load.plan import (
    EXIT_CODE_CRASHED,
    EXIT_CODE_UNWRITTEN,
    LOAD_LIMIT_S,
    ROWS_FILE,
    SUMMARY_FILE,
    LoadPlan,
    Stopped,
)
from evenly.load.rows import RowWriter
from evenly.load.stats import PodStats

STATS_EVERY_S = 1.0


_events: Any = locust_events  # Locust declares no types for its hooks


class Source(Protocol):
    """Where users get the numbers of their attempts, and bring back what came of them."""

    run_id: str

    def take(self) -> int | None:
        """Return the number of the attempt to start now; None when there is none left."""

    def ended(self, number: int, exchange: Exchange) -> None:
        """Take back an attempt that has ended."""


class Endless:
    """Attempts without a plan: as many as Locust has time for, and nothing is kept."""

    run_id = "unplanned"

    def __init__(self) -> None:
        self._handed_out = 0

    def take(self) -> int | None:
        """Return the next number."""
        self._handed_out += 1
        return self._handed_out

    def ended(self, number: int, exchange: Exchange) -> None:
        """Forget the attempt."""


class Entrance:
    """Lets one user in at once, and the others when it is opened."""

    def __init__(self) -> None:
        self.open = Event()
        self._taken = False

    def enter(self) -> None:
        """Return when this user may begin."""
        first, self._taken = not self._taken, True
        if not first:
            self.open.wait()


class ConnectionUser(User):
    """A Locust user whose every request is an attempt of its own: one new connection, one request, one answer or error."""

    abstract = True
    source: ClassVar[Source] = Endless()
    stats: ClassVar[PodStats] = PodStats()
    entrance: ClassVar[Entrance | None] = None

    def on_start(self) -> None:
        """Wait for the prelude to end, unless this user is the one that makes it."""
        if self.entrance:
            self.entrance.enter()

    def ask_on_a_new_connection(self) -> None:
        """Make one attempt to its end; the user's life ends when none is left."""
        number = self.source.take()
        if number is None:
            raise StopUser
        family, address, netloc = _resolve(self.host or "")
        request = f"GET /{self.source.run_id}/{number} HTTP/1.1\r\nHost: {netloc}\r\nConnection: close\r\n\r\n"
        exchange = connection.exchange(family, address, request.encode())
        self.stats.count(exchange)
        self.source.ended(number, exchange)


@cache
def _resolve(host: str) -> tuple[int, tuple[Any, ...], str]:
    url = urlsplit(host)
    if url.scheme != "http" or not url.hostname:
        raise SystemExit(f"{host!r} cannot be the target: expected http://ADDRESS:PORT; give it with --host")
    try:
        family, _, _, _, address = getaddrinfo(url.hostname, url.port or 80, type=SOCK_STREAM)[0]
    except (OSError, ValueError) as error:
        raise SystemExit(f"{host!r} cannot be the target: {error}; give another --host") from None
    return family, address, url.netloc


def _add_option(parser: LocustArgumentParser) -> None:
    parser.add_argument(
        "--evenly-folder",
        metavar="FOLDER",
        default="",
        include_in_web_ui=False,
        help="Used by evenly: wait for a plan on standard input, and leave rows.csv and summary.json here.",
    )


def _set_up(environment: Environment, runner: Runner, **_: object) -> None:
    # Locust would cut a user off in the middle of an attempt, which then were in the pod's book and not in ours.
    environment.stop_timeout = max(environment.stop_timeout, connection.LONGEST_ATTEMPT_S)
    _events.test_stop.add_listener(lambda **_: ConnectionUser.stats.hand_over(environment.stats))
    gevent.spawn(_hand_over_statistics, environment.stats)
    options: Any = environment.parsed_options
    if options.evenly_folder:
        try:
            _follow_a_plan(Path(options.evenly_folder), environment, runner)
        except Exception as error:
            traceback.print_exc()
            raise SystemExit(_exit_code(error)) from error  # Locust itself would go on, and load without a plan


def _hand_over_statistics(stats: RequestStats) -> None:
    while True:
        gevent.sleep(STATS_EVERY_S)
        ConnectionUser.stats.hand_over(stats)


def _follow_a_plan(folder: Path, environment: Environment, runner: Runner) -> None:
    line = sys.stdin.readline()
    if not line:
        raise SystemExit(0)  # whoever started this load has gone or changed its mind
    plan = LoadPlan.from_line(line)
    done = Event()
    rows = (folder / ROWS_FILE).open("w", encoding="utf-8", newline="")
    ConnectionUser.entrance = entrance = Entrance()
    attempts = Attempts(plan, RowWriter(rows, plan.look_every), done.set, entrance.open.set)
    ConnectionUser.source = attempts

    def see_it_through() -> None:
        if not done.wait(LOAD_LIMIT_S):
            attempts.stop(Stopped.TIME_LIMIT)
            done.wait()  # each attempt has its own time limits
        runner.user_greenlets.join()
        rows.close()
        (folder / SUMMARY_FILE).write_text(attempts.summary(__version__).to_json(), encoding="utf-8")
        environment.process_exit_code = 0
        runner.quit()

    def give_up(error: BaseException) -> None:
        environment.process_exit_code = code = _exit_code(error)
        if code > EXIT_CODE_UNWRITTEN:
            os._exit(code)  # in good order, Locust would fail to write its own report, and end with the code of that
        gevent.spawn(runner.quit)

    gevent.signal_handler(signal.SIGINT, attempts.stop, Stopped.INTERRUPTED)
    _events.user_error.add_listener(lambda exception, **_: give_up(exception))
    gevent.spawn(see_it_through).link_exception(lambda ended: give_up(ended.exception))


def _exit_code(error: BaseException) -> int:
    """Tell a disk that cannot be written from a crash: attempts raise no OSError of their own, whatever the network does."""
    return EXIT_CODE_UNWRITTEN + error.errno if isinstance(error, OSError) and error.errno else EXIT_CODE_CRASHED


_events.init_command_line_parser.add_listener(_add_option)
_events.init.add_listener(_set_up)
