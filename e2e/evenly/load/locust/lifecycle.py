"""How a load in this process begins and ends, whoever its users are.

With plain ``locust -f`` they load until Locust stops them. With ``--evenly-folder`` they wait for a plan, one line on standard
input, send what the plan asks for, leave rows.csv and summary.json in the folder, and Locust quits by itself.
"""

import os
import signal
import sys
import traceback
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import gevent
from gevent.event import Event
from gevent.socket import wait_read
from locust import __version__
from locust import events as locust_events
from locust.argument_parser import LocustArgumentParser
from locust.env import Environment
from locust.runners import LocalRunner, MasterRunner, Runner, WorkerRunner
from locust.stats import RequestStats

from evenly.judge.law import Pick
from evenly.load.attempts import Attempts
from evenly.load.bottleneck import found_since
from evenly.load.distributed import master, worker
from evenly.load.distributed.link import Farewell, Link, pairs
from evenly.load.distributed.master import Master
from evenly.load.distributed.meeting import Meeting
from evenly.load.distributed.shares import Failed
from evenly.load.host import HostCounters
from evenly.load.locust.connection import LONGEST_ATTEMPT_S
from evenly.load.locust.session import StartBarrier, exit_code, give_up, ongoing
from evenly.load.plan import MET_FILE, ROWS_FILE, SUMMARY_FILE, T0_FILE, LoadPlan, Stopped
from evenly.load.rows import RowWriter

STATS_EVERY_S = 1.0

LEAVING_S = 1.0
"""Users end when they ask for an attempt and there is none left; those who have not asked by then are ended as they wait."""

_events: Any = locust_events  # Locust declares no types for its hooks


def _add_option(parser: LocustArgumentParser) -> None:
    parser.add_argument(
        "--evenly-folder",
        metavar="FOLDER",
        default="",
        include_in_web_ui=False,
        help="Used by evenly: wait for a plan on standard input, and leave rows.csv and summary.json here.",
    )
    parser.add_argument(
        "--evenly-workers",
        metavar="N",
        type=pairs,
        dest="evenly_pairs",
        default=(),
        include_in_web_ui=False,
        help="Used by evenly: as many as there are --processes, which then send the load together.",
    )
    parser.add_argument(
        "--evenly-meeting",
        metavar="MEETING",
        default="",
        include_in_web_ui=False,
        help="Used by evenly: where as many workers as --expect-workers says come to, which then send the load together.",
    )
    parser.add_argument(
        "--evenly-link",
        metavar="DESCRIPTOR",
        type=int,
        default=0,
        include_in_web_ui=False,
        help="Used by evenly: a worker's connection to such a meeting.",
    )


def _set_up(environment: Environment, runner: Runner, **_: object) -> None:
    # Locust would cut a user off in the middle of an attempt, which then were in the pod's book and not in ours.
    environment.stop_timeout = max(environment.stop_timeout, LONGEST_ATTEMPT_S)
    _events.test_stop.add_listener(lambda **_: ongoing.stats.hand_over(environment.stats))
    gevent.spawn(_hand_over_statistics, environment.stats)
    options: Any = environment.parsed_options
    if options.evenly_folder or options.evenly_link:
        try:
            if options.evenly_link:
                worker.work(Link(*[options.evenly_link] * 2), environment, own_network=True)
            elif options.evenly_pairs and isinstance(runner, WorkerRunner):
                worker.work(worker.forked(options.evenly_pairs, runner), environment, own_network=False)
            else:
                _follow_a_plan(Path(options.evenly_folder), environment, runner)
        except Exception as error:
            traceback.print_exc()
            raise SystemExit(exit_code(error)) from error  # Locust itself would go on, and load without a plan


def _hand_over_statistics(stats: RequestStats) -> None:
    while True:
        gevent.sleep(STATS_EVERY_S)
        ongoing.stats.hand_over(stats)


class _Alone:
    """Has this process's own users make the attempts; ``done`` is set when all have ended."""

    farewells: Sequence[Farewell] = ()
    workers = 1

    def __init__(self, environment: Environment, runner: Runner) -> None:
        self.done = Event()
        self._environment = environment
        self._runner = runner

    def begin(self, plan: LoadPlan, writer: RowWriter, failed: Failed) -> Attempts:
        ongoing.barrier = barrier = StartBarrier()
        ongoing.source = attempts = Attempts(plan, writer, self.done.set, barrier.open.set)

        def user_failed(exception: BaseException, **_: object) -> None:
            if ongoing.in_order:
                failed(exception)

        _events.user_error.add_listener(user_failed)
        return attempts

    def end(self) -> None:
        self._runner.user_greenlets.join(LEAVING_S)
        self._environment.stop_timeout = 0  # no attempt is under way any more, or it is overdue and ends as an error
        self._runner.stop()


def _follow_a_plan(folder: Path, environment: Environment, runner: Runner) -> None:
    leader = _leader(folder, environment, runner)
    line = sys.stdin.readline()
    if not line:
        raise SystemExit(0)  # whoever started this load has gone or changed its mind
    plan = LoadPlan.from_line(line)
    if not ongoing.in_order:
        if plan.law.pick is not Pick.INDEPENDENT:
            raise SystemExit(f"{plan.law.pick} can be judged only where evenly says when, and from where, each request is sent")
        plan = replace(plan, prelude=0)

    def failed(error: BaseException) -> None:
        give_up(environment, error)

    before = HostCounters.read(os.getpid())
    rows = (folder / ROWS_FILE).open("w", encoding="utf-8", newline="")
    writer = RowWriter(rows, plan.look_every, lambda t0_ns: (folder / T0_FILE).write_text(str(t0_ns), encoding="ascii"))
    attempts = leader.begin(plan, writer, failed)

    def see_it_through() -> None:
        if not leader.done.wait(plan.longest_s):
            attempts.stop(Stopped.TIME_LIMIT)
            leader.done.wait(LONGEST_ATTEMPT_S)  # evenly's attempts have time limits, somebody's own client may have none
        cpu_s = [farewell.cpu_s for farewell in leader.farewells]
        bottlenecks = found_since(before, cpu_s, [said.network for said in leader.farewells if said.network])
        leader.end()
        lost = writer.close_gaps(attempts.handed_out)
        rows.close()
        summary = replace(attempts.summary(__version__, cpu_s), bottlenecks=bottlenecks, workers=leader.workers, lost=lost)
        (folder / SUMMARY_FILE).write_text(summary.to_json(), encoding="utf-8")
        ongoing.exit_code = 0
        runner.quit()

    def interrupted() -> None:
        attempts.stop(Stopped.INTERRUPTED)
        gevent.spawn_later(LONGEST_ATTEMPT_S, leader.done.set)

    gevent.signal_handler(signal.SIGINT, interrupted)
    gevent.spawn(see_it_through).link_exception(lambda ended: failed(ended.exception))


def _leader(folder: Path, environment: Environment, runner: Runner) -> _Alone | Master:
    options: Any = environment.parsed_options
    if isinstance(runner, MasterRunner) and (options.evenly_pairs or options.evenly_meeting):
        links = (
            master.forked(options.evenly_pairs)
            if options.evenly_pairs
            else master.met(Meeting.parse(options.evenly_meeting), options.expect_workers)
        )
        leader = Master(links, runner, options)
        if options.evenly_meeting:
            (folder / MET_FILE).touch()
        wait_read(sys.stdin.fileno())  # workers are heard meanwhile
        return leader
    if isinstance(runner, LocalRunner):
        return _Alone(environment, runner)
    raise SystemExit("evenly follows one Locust process; take --processes, --master and --worker out of Locust's settings")


_events.init_command_line_parser.add_listener(_add_option)
_events.init.add_listener(_set_up)
