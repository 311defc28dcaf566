"""A Locust that waits is used where it fits, and another takes its place where it does not."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar, Self

import pytest

from evenly.errors import EvenlyError
from evenly.judge.law import uniform
from evenly.load.client import preflight
from evenly.load.client.preflight import Limits
from evenly.load.client.process import NEW_CONNECTION
from evenly.load.plan import LoadPlan
from evenly.scenario import sender
from evenly.scenario.sender import Order, Sender
from evenly.settings import Settings
from unit.fakes import Nodes, a_testbed

USUAL = Order("127.0.0.1:30000", NEW_CONNECTION, 20)


@dataclass
class Process:
    """Plays Locust."""

    target: str
    folder: Path
    clients: int
    locustfile: str
    workers: int = 1
    stopped: bool = False
    rows: tuple[object, ...] = field(default=(1, 2, 3))
    all: ClassVar[list["Process"]] = []

    def __post_init__(self) -> None:
        self.all.append(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        self.stopped = True


@pytest.fixture(autouse=True)
def processes(monkeypatch: pytest.MonkeyPatch) -> list[Process]:
    monkeypatch.setattr(sender, "LocustProcess", Process)
    monkeypatch.setattr(Process, "all", [])
    return Process.all


def test_the_one_that_was_warmed_up_is_used_where_it_fits(processes: list[Process]) -> None:
    with Sender(a_testbed(Nodes()), "it") as sends:
        sends.warm_up(USUAL)
        assert sends.sent == 0
        locust: Any = sends.get(USUAL)
        assert locust is processes[0]
        assert sends.sent == 3
        assert not locust.stopped
    assert [process.stopped for process in processes] == [True]


@pytest.mark.parametrize(
    "other",
    [
        replace(USUAL, address="127.0.0.1:30001"),
        replace(USUAL, clients=200),
        replace(USUAL, locustfile="locustfiles/keep_alive.py"),
    ],
)
def test_another_takes_its_place_and_its_folder_where_it_does_not_fit(processes: list[Process], other: Order) -> None:
    with Sender(a_testbed(Nodes()), "it") as sends:
        sends.warm_up(USUAL)
        sends.get(other)
        assert [process.stopped for process in processes] == [True, False]
        sends.get(other)
    assert [process.folder.name for process in processes] == ["it", "it", "it_2"]


def test_each_load_waits_until_the_nodes_have_forgotten_what_was_lost() -> None:
    nodes = Nodes()
    with Sender(a_testbed(nodes), "it") as sends:
        sends.get(USUAL)
        sends.get(USUAL)
    assert nodes.waits == 2


def test_several_workers_send_the_runs_usual_load_and_one_sends_a_tests_own(processes: list[Process]) -> None:
    with Sender(a_testbed(Nodes(), settings=Settings(workers=3)), "it") as sends:
        sends.get(USUAL)
        sends.get(replace(USUAL, locustfile="locustfiles/keep_alive.py"))
    assert [process.workers for process in processes] == [3, 1]


@pytest.mark.parametrize(
    ("here", "there", "in_cluster", "fits"),
    [
        (200_000, 1_000, False, True),
        (200_000, 1_000, True, False),
        (200_000, 200_000, True, True),
        (1_000, 200_000, True, False),
    ],
)
def test_what_pods_send_must_fit_into_the_tables_of_their_nodes_too(
    monkeypatch: pytest.MonkeyPatch, here: int, there: int, *, in_cluster: bool, fits: bool
) -> None:
    monkeypatch.setattr(preflight, "read_limits", lambda: Limits(ports=28_232, files=20_000, tracked_free=here))
    plan = LoadPlan.lasting("run.1", uniform("abc"), rate_per_s=800, limit_s=45)
    sends = Sender(a_testbed(Nodes(free=there), settings=Settings(workers_in_cluster=2)), "it")
    order = replace(USUAL, in_cluster=in_cluster)
    if fits:
        sends.check(plan, order)
    else:
        with pytest.raises(EvenlyError, match="connection tracking entries"):
            sends.check(plan, order)
