"""Which of the pods' log lines a load is held against."""

from collections.abc import Callable, Iterable, Mapping
from types import SimpleNamespace
from typing import Any, cast

import pytest

from evenly.k8s.pods import Pod
from evenly.scenario import pod_logs
from evenly.scenario.pod_logs import FollowedPodLogs, PodLogs
from unit.factories import pod, row

NAMESPACE: Any = None  # the logs are in memory


class Logs:
    """The logs of pods by UID, each line with its time before it."""

    def __init__(self) -> None:
        self.lines: dict[str, list[str]] = {}

    def heads(self, _: object, pods: Iterable[Pod]) -> dict[str, str]:
        return {pod.uid: (self.lines[pod.uid] or [""])[0] for pod in pods if pod.uid in self.lines}

    def read(
        self, _: object, pods: Iterable[Pod], wanted: Mapping[str, int], counts: Callable[[str], bool]
    ) -> dict[str, list[str]]:
        del wanted
        return {pod.uid: list(filter(counts, self.lines[pod.uid])) for pod in pods if pod.uid in self.lines}


@pytest.fixture
def logs(monkeypatch: pytest.MonkeyPatch) -> Logs:
    made = Logs()
    monkeypatch.setattr(pod_logs, "logs", made)
    return made


def test_lines_of_other_loads_and_of_probes_are_passed_over(logs: Logs) -> None:
    logs.lines = {"a": ["probe/0 1 1 200", "run.1/1 2 1 200"]}
    opened = PodLogs(NAMESPACE, [pod("a")], ids="run.2")
    logs.lines["a"] += ["run.2/1 3 1 200", "run.21/1 4 1 200"]
    reconciled = opened.reconcile([row(1, connection=3)], [pod("a")], kept=False)
    assert (reconciled.discrepancies, reconciled.logged_once) == ((), 1)


def test_without_ids_the_lines_from_before_the_load_are_passed_over(logs: Logs) -> None:
    logs.lines = {"a": ["probe/0 1 1 200", " 2 1 200"]}
    opened = PodLogs(NAMESPACE, [pod("a")], ids="")
    logs.lines["a"] += ["probe/0 3 1 200", " 4 1 200"]
    assert opened.reconcile([row(1, connection=4)], [pod("a")], kept=False).discrepancies == ()
    logs.lines["a"] += [" 5 1 200"]
    (found,) = opened.reconcile([row(1, connection=4)], [pod("a")], kept=False).discrepancies
    assert found.startswith("the pods got 1 more than the client told of")


def test_a_log_that_was_rotated_counts_as_gone_and_one_that_was_not_is_believed(logs: Logs) -> None:
    logs.lines = {"a": ["probe/0 1 1 200"]}
    opened = PodLogs(NAMESPACE, [pod("a")], ids="run.1")
    rows = [row(1, connection=2), row(2, connection=3)]
    logs.lines["a"] = ["probe/0 1 1 200", "run.1/2 3 1 200"]
    assert opened.reconcile(rows, [pod("a")], kept=False).discrepancies == ("1 attempt is answered, but in no pod's log: 1",)
    logs.lines["a"] = ["run.1/2 3 1 200"]
    assert opened.reconcile(rows, [pod("a")], kept=False).discrepancies == ()


def test_a_log_that_was_empty_at_first_is_no_rotated_one(logs: Logs) -> None:
    logs.lines = {"a": []}
    opened = PodLogs(NAMESPACE, [pod("a")], ids="run.1")
    logs.lines["a"] = ["run.1/2 3 1 200"]
    assert opened.reconcile([row(1, connection=2), row(2, connection=3)], [pod("a")], kept=False).discrepancies


def test_a_pod_that_is_gone_is_believed(logs: Logs) -> None:
    logs.lines = {"a": ["probe/0 1 1 200"]}
    opened = PodLogs(NAMESPACE, [pod("a")], ids="run.1")
    logs.lines = {}
    assert opened.reconcile([row(1, connection=2)], [], kept=False).discrepancies == ()


@pytest.mark.parametrize(("ended", "found"), [({"a"}, 0), (set(), 1)])
def test_a_pod_that_has_gone_before_its_log_was_read_is_believed_where_it_was_seen(ended: set[str], found: int) -> None:
    follower = cast("Any", SimpleNamespace(lines=lambda _: {}, ended=frozenset(ended)))
    followed = FollowedPodLogs(NAMESPACE, ids="run.1", follower=follower)
    assert len(followed.reconcile([row(1, connection=2)], [], kept=False).discrepancies) == found
