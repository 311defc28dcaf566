"""Logs that are followed: whole though their pods have gone, and read while they grow."""

import queue
from collections.abc import Callable, Iterator
from threading import Timer
from types import SimpleNamespace
from typing import Any

import pytest

from evenly import limits
from evenly.k8s import log_follower
from evenly.k8s.log_follower import LogFollower
from evenly.k8s.namespace import Namespace


class Log:
    """One container's log: what is written goes out at once; None ends it."""

    def __init__(self) -> None:
        self._parts: queue.Queue[bytes | None] = queue.Queue()

    def write(self, part: bytes | None) -> None:
        self._parts.put(part)

    def stream(self, amt: int | None) -> Iterator[bytes]:
        del amt
        return iter(self._parts.get, None)

    def shutdown(self) -> None:
        self.write(None)

    def close(self) -> None:
        pass


class Containers:
    """The logs of one pod's containers, in the order in which they are asked for."""

    def __init__(self) -> None:
        self.logs = [Log(), Log()]
        self._next = iter(self.logs)

    def read_namespaced_pod_log(self, *_: str, **__: object) -> Log:
        return next(self._next)

    def list_namespaced_pod(self) -> None:
        """Stand for what the informer is given; it is never started here."""


@pytest.fixture
def containers(monkeypatch: pytest.MonkeyPatch) -> Containers:
    made = Containers()
    monkeypatch.setattr(log_follower, "CoreV1Api", lambda _: made)
    monkeypatch.setattr(limits, "FLUSH_S", 0.2)
    return made


@pytest.fixture
def follower(containers: Containers) -> Iterator[LogFollower]:
    del containers
    made = LogFollower(Namespace(None, "shop"), lambda line: line.startswith("run.1/"))
    made._informer = SimpleNamespace(start=lambda: None, stop=lambda: None)
    with made:
        yield made


def seen(container: str | None, *, running: bool = True) -> Any:  # noqa: ANN401 - stands for the client's object
    state = SimpleNamespace(running=running or None, terminated=None)
    status = SimpleNamespace(name="nginx", container_id=container, state=state)
    return SimpleNamespace(
        metadata=SimpleNamespace(uid="a", name="pod-a", namespace="shop"), status=SimpleNamespace(container_statuses=[status])
    )


def test_lines_are_read_as_they_come_whole_or_in_parts(follower: LogFollower, containers: Containers) -> None:
    follower._seen(seen("first"))
    for part in (b"probe/0 1 1 200\nrun.1/1 2 1 2", b"00\nrun.1/2", b" 3 1 200\n"):
        containers.logs[0].write(part)
    assert follower.lines({"a": {"run.1/1", "run.1/2"}}) == {"a": ("run.1/1 2 1 200", "run.1/2 3 1 200")}
    assert follower.ended == frozenset()


def test_lines_of_attempts_without_an_answer_stand_in_for_no_other(follower: LogFollower, containers: Containers) -> None:
    follower._seen(seen("first"))
    containers.logs[0].write(b"run.1/7 2 1 200\n")
    Timer(0.05, containers.logs[0].write, [b"run.1/8 3 1 200\n"]).start()
    assert follower.lines({"a": {"run.1/8"}}) == {"a": ("run.1/7 2 1 200", "run.1/8 3 1 200")}


def test_a_container_is_followed_once_and_the_one_in_its_place_too(follower: LogFollower, containers: Containers) -> None:
    for container in ("first", "first", "second", "first"):
        follower._seen(seen(container))
    for number, log in enumerate(containers.logs, 1):
        log.write(f"run.1/{number} 1 1 200\n".encode())
    assert sorted(follower.lines({"a": {"run.1/1", "run.1/2"}})["a"]) == ["run.1/1 1 1 200", "run.1/2 1 1 200"]


@pytest.mark.parametrize("status", [seen(None), seen("first", running=False)])
def test_a_container_that_has_not_started_is_not_asked_for(follower: LogFollower, status: Any) -> None:  # noqa: ANN401
    follower._seen(status)
    assert follower._threads == {}


def test_the_log_of_a_container_that_has_ended_is_waited_for_no_longer(
    follower: LogFollower, containers: Containers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "FLUSH_S", 60.0)
    follower._seen(seen("first"))
    containers.logs[0].write(b"run.1/1 1 1 200\nrun.1/2 cut o")
    containers.logs[0].write(None)
    assert follower.lines({"a": {"run.1/1", "run.1/2"}}) == {"a": ("run.1/1 1 1 200",)}
    assert follower.ended == {"a"}


def test_what_a_killed_container_had_not_written_is_waited_for_until_the_next_one_is_still(
    follower: LogFollower, containers: Containers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "FLUSH_S", 60.0)
    monkeypatch.setattr(limits, "STILL_S", 0.3)
    for container in ("killed", "next"):
        follower._seen(seen(container))
    killed, after = containers.logs
    killed.write(None)
    after.write(b"run.1/2 1 1 200\n")
    Timer(0.1, after.write, [b"run.1/3 2 1 200\n"]).start()
    wanted = {"run.1/1", "run.1/2", "run.1/3"}
    assert follower.lines({"a": wanted}) == {"a": ("run.1/2 1 1 200", "run.1/3 2 1 200")}


def test_lines_that_never_come_are_waited_for_up_to_a_limit(
    follower: LogFollower, containers: Containers, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits: list[float] = []

    def until(condition: Callable[[], bool], *, limit_s: float) -> bool:
        limits.append(limit_s)
        return condition()

    monkeypatch.setattr(log_follower, "until", until)
    follower._seen(seen("first"))
    assert follower.lines({"a": {"run.1/1"}}).get("a", ()) == ()
    assert limits == [0.2]
    containers.logs[0].write(None)
