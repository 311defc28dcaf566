"""What a load lost is not lost again in the next one: nodes are made to forget it, or given the time."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from evenly.bench import Bench
from evenly.cluster import Cluster, tracking
from evenly.observed import Scenario
from evenly.progress import Progress
from evenly.service import ServiceUnderTest

THEIRS = Cluster("theirs", "theirs", Path("config"), (), "", "theirs", kept=True)
OURS = replace(THEIRS, kind=cast("Any", object()))


@pytest.mark.parametrize(
    ("cluster", "errors", "waits"),
    [
        (THEIRS, ["refused", "time-out in connect"], 1),
        (THEIRS, ["time-out in response"], 1),
        (THEIRS, ["refused"], 0),
        (THEIRS, [], 0),
        (OURS, ["time-out in connect"], 0),
    ],
)
def test_only_nodes_that_nobody_gets_onto_are_given_the_time_and_only_before_another_load(
    simulate: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, cluster: Cluster, errors: list[str], waits: int
) -> None:
    monkeypatch.setattr(tracking, "FORGOTTEN_AFTER_S", 0.1)
    run = SimpleNamespace(progress=Progress(), add=lambda *_: None)
    bench = Bench(cluster, cast("Any", None), cast("Any", run), cast("Any", None))
    first, second = (ServiceUnderTest(bench, Scenario(name, test="test_it", claim="It."), ()) for name in ("first", "second"))
    first._added(simulate(errors=errors).record, cast("Any", SimpleNamespace(books=None)))
    assert run.progress.steps == []
    for _ in range(2):
        second._await_forgotten()
    assert [step.seconds > 0.05 for step in run.progress.steps] == [True] * waits
