import time
from itertools import count
from types import SimpleNamespace
from typing import Any

import pytest

from evenly.k8s import endpoints
from evenly.k8s.endpoints import EndpointsWatch, addresses
from evenly.k8s.namespace import Namespace


def endpoint(uid: str, *, ready: bool = True) -> Any:  # noqa: ANN401 - stands for the client's object
    return SimpleNamespace(conditions=SimpleNamespace(ready=ready), target_ref=SimpleNamespace(uid=uid))


class Slices:
    """Plays the informer: the slices as they are now."""

    def __init__(self, watch: EndpointsWatch) -> None:
        self._watch = watch

    def become(self, *slices: list[Any] | None) -> None:
        now = [SimpleNamespace(endpoints=endpoints) for endpoints in slices]
        self._watch._informer = SimpleNamespace(cache=SimpleNamespace(list=lambda: now))
        self._watch._changed(None)


def watched() -> tuple[EndpointsWatch, Slices]:
    watch = EndpointsWatch(Namespace(None, "shop"), "checkout")
    return watch, Slices(watch)


def test_ready_endpoints_of_all_slices_count_together() -> None:
    watch, slices = watched()
    slices.become([endpoint("a"), endpoint("b", ready=False)], None, [endpoint("c")])
    assert watch.ready == {"a", "c"}


def test_a_reading_is_kept_for_each_change_and_for_nothing_else() -> None:
    watch, slices = watched()
    for ready in (["a"], ["a"], ["a", "b"], ["a"]):
        slices.become([endpoint(uid) for uid in ready])
    assert [set(reading.ready) for reading in watch.readings(0)] == [set(), {"a"}, {"a", "b"}, {"a"}]


def test_readings_since_a_moment_begin_with_the_one_that_held_then() -> None:
    watch, slices = watched()
    slices.become([endpoint("a")])
    between = watch.readings(0)[-1].at_ns
    slices.become([endpoint("b")])
    assert [set(reading.ready) for reading in watch.readings(between)] == [{"a"}, {"b"}]


@pytest.mark.parametrize(("clock", "kept"), [("time_ns", [{"b"}, {"c"}]), ("monotonic_ns", [{"c"}, set(), {"a"}])])
def test_a_clock_that_is_set_back_does_not_change_which_readings_count(
    monkeypatch: pytest.MonkeyPatch, clock: str, kept: list[set[str]]
) -> None:
    an_hour_back = count(time.monotonic_ns() + 10**15, -3_600 * 10**9)
    monkeypatch.setattr(time, clock, lambda: next(an_hour_back))  # the control: the clock that is in use
    watch, slices = watched()
    for ready in ("a", "b"):
        slices.become([endpoint(ready)])
    between = watch._readings[-1].at_ns
    slices.become([endpoint("c")])
    assert [set(reading.ready) for reading in watch.readings(between)] == kept


def test_addresses_are_those_of_the_ready_pods_with_the_port_that_they_listen_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def slice_of(*pods: tuple[str, bool]) -> Any:  # noqa: ANN401 - stands for the client's object
        found = [SimpleNamespace(addresses=[ip], conditions=SimpleNamespace(ready=ready)) for ip, ready in pods]
        return SimpleNamespace(ports=[SimpleNamespace(port=8080)], endpoints=found)

    empty = SimpleNamespace(ports=None, endpoints=None)
    slices = [slice_of(("10.244.1.7", True), ("10.244.1.8", False)), empty, slice_of(("10.244.2.5", True))]

    class Discovery:
        def __init__(self, _: object) -> None: ...

        def list_namespaced_endpoint_slice(self, namespace: str, *, label_selector: str) -> Any:  # noqa: ANN401 - see above
            asked = (namespace, label_selector) == ("shop", "kubernetes.io/service-name=checkout")
            return SimpleNamespace(items=slices if asked else [])

    monkeypatch.setattr(endpoints, "DiscoveryV1Api", Discovery)
    assert addresses(Namespace(None, "shop"), "checkout") == {"10.244.1.7:8080", "10.244.2.5:8080"}
