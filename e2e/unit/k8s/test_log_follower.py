"""Logs that are followed: whole though their pods have gone, and read while they grow."""

import queue
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from evenly import limits
from evenly.k8s import log_follower
from evenly.k8s.log_follower import LogFollower
from evenly.k8s.namespace import Namespace
from evenly.k8s.wait import until


class Log:
    """One container's log: what is written has been read when ``write`` returns; ``end`` ends it."""

    def __init__(self) -> None:
        self._parts: queue.Queue[bytes | None] = queue.Queue()

    def write(self, part: bytes) -> None:
        self._parts.put(part)
        self._parts.join()

    def end(self) -> None:
        self._parts.put(None)

    shutdown = end

    def stream(self, amt: int | None) -> Iterator[bytes]:
        del amt
        while (part := self._parts.get()) is not None:
            yield part
            self._parts.task_done()  # the follower has come back for more

    def close(self) -> None:
        pass


class Containers:
    """The logs of one pod's containers, by name, and which were asked for."""

    def __init__(self) -> None:
        self.logs = {name: Log() for name in ("first", "second")}
        self.asked: list[str] = []

    def read_namespaced_pod_log(self, *_: str, container: str, **__: object) -> Log:
        self.asked.append(container)
        return self.logs[container]

    def list_namespaced_pod(self) -> None:
        """Stand for what an informer of the namespace would list."""


class Informer:
    """Plays the watch of pods: tells at once whatever it is given."""

    def __init__(self) -> None:
        self._handlers: list[Callable[[Any], None]] = []

    def add_event_handler(self, _: str, handler: Callable[[Any], None]) -> None:
        self._handlers.append(handler)

    def start(self) -> None:
        """Begin nothing: it is driven by the test."""

    stop = start

    def tells(self, container: str | None, *, running: bool = True) -> None:
        """Tell of a pod with this container, as often as there are handlers: an event may come twice."""
        state = SimpleNamespace(running=running or None, terminated=None)
        status = SimpleNamespace(name=container, container_id=container, state=state)
        pod = SimpleNamespace(
            metadata=SimpleNamespace(uid="a", name="pod-a", namespace="shop"),
            status=SimpleNamespace(container_statuses=[status]),
        )
        for handler in self._handlers:
            handler(pod)


class Waits:
    """Plays time: whenever the follower would go on waiting, the next thing happens; seconds pass only then."""

    def __init__(self) -> None:
        self.happens: list[Callable[[], None]] = []
        self.limits_s: list[float] = []
        self._now_s = 0.0

    def until(self, condition: Callable[[], bool], *, limit_s: float) -> bool:
        self.limits_s.append(limit_s)
        for act in self.happens:
            assert not condition()
            act()
        return until(condition, limit_s=limit_s)

    def passes(self, seconds: float) -> Callable[[], None]:
        def passing() -> None:
            self._now_s += seconds

        return passing

    def monotonic(self) -> float:
        return self._now_s


@pytest.fixture
def containers(monkeypatch: pytest.MonkeyPatch) -> Containers:
    made = Containers()
    monkeypatch.setattr(log_follower, "CoreV1Api", lambda _: made)
    return made


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> Waits:
    made = Waits()
    monkeypatch.setattr(log_follower, "until", made.until)
    monkeypatch.setattr(log_follower, "time", made)
    return made


@pytest.fixture
def informer() -> Informer:
    return Informer()


@pytest.fixture
def follower(containers: Containers, waits: Waits, informer: Informer) -> Iterator[LogFollower]:
    del containers, waits
    with LogFollower(Namespace(None, "shop"), lambda line: line.startswith("run.1/"), informer) as made:
        yield made


def test_lines_are_read_as_they_come_whole_or_in_parts(
    follower: LogFollower, informer: Informer, containers: Containers
) -> None:
    informer.tells("first")
    for part in (b"probe/0 1 1 200\nrun.1/1 2 1 2", b"00\nrun.1/2", b" 3 1 200\n"):
        containers.logs["first"].write(part)
    assert follower.lines({"a": {"run.1/1", "run.1/2"}}) == {"a": ("run.1/1 2 1 200", "run.1/2 3 1 200")}
    assert follower.ended == frozenset()


def test_lines_of_attempts_without_an_answer_stand_in_for_no_other(
    follower: LogFollower, informer: Informer, containers: Containers, waits: Waits
) -> None:
    informer.tells("first")
    containers.logs["first"].write(b"run.1/7 2 1 200\n")
    waits.happens = [lambda: containers.logs["first"].write(b"run.1/8 3 1 200\n")]
    assert follower.lines({"a": {"run.1/8"}}) == {"a": ("run.1/7 2 1 200", "run.1/8 3 1 200")}


def test_a_container_is_followed_once_and_the_one_in_its_place_too(
    follower: LogFollower, informer: Informer, containers: Containers
) -> None:
    for container in ("first", "first", "second", "first"):
        informer.tells(container)
    for number, log in enumerate(containers.logs.values(), 1):
        log.write(f"run.1/{number} 1 1 200\n".encode())
    assert follower.lines({"a": {"run.1/1", "run.1/2"}})["a"] == ("run.1/1 1 1 200", "run.1/2 1 1 200")
    assert sorted(containers.asked) == ["first", "second"]


@pytest.mark.parametrize(("container", "running"), [(None, True), ("first", False)])
def test_a_container_that_has_not_started_is_not_asked_for(
    follower: LogFollower, informer: Informer, containers: Containers, *, container: str | None, running: bool
) -> None:
    informer.tells(container, running=running)
    assert follower.lines({"a": {"run.1/1"}}) == {}
    assert containers.asked == []


def test_the_log_of_a_container_that_has_ended_is_waited_for_no_longer(
    follower: LogFollower, informer: Informer, containers: Containers
) -> None:
    informer.tells("first")
    containers.logs["first"].write(b"run.1/1 1 1 200\nrun.1/2 cut o")
    containers.logs["first"].end()
    assert follower.lines({"a": {"run.1/1", "run.1/2"}}) == {"a": ("run.1/1 1 1 200",)}
    assert follower.ended == {"a"}


def test_what_a_killed_container_had_not_written_is_waited_for_until_the_next_one_is_still(
    follower: LogFollower, informer: Informer, containers: Containers, waits: Waits
) -> None:
    for container in ("first", "second"):
        informer.tells(container)
    killed, after = containers.logs.values()
    killed.end()
    assert until(lambda: follower.ended == {"a"}, limit_s=10)
    after.write(b"run.1/2 1 1 200\n")
    waits.happens = [
        waits.passes(0.9 * limits.STILL_S),
        lambda: after.write(b"run.1/3 2 1 200\n"),
        waits.passes(0.9 * limits.STILL_S),
        waits.passes(0.2 * limits.STILL_S),
    ]
    wanted = {"run.1/1", "run.1/2", "run.1/3"}
    assert follower.lines({"a": wanted}) == {"a": ("run.1/2 1 1 200", "run.1/3 2 1 200")}


def test_lines_that_never_come_are_waited_for_up_to_a_limit(
    follower: LogFollower, informer: Informer, waits: Waits, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "FLUSH_S", 0.01)
    informer.tells("first")
    assert follower.lines({"a": {"run.1/1"}}).get("a", ()) == ()
    assert waits.limits_s == [0.01]
