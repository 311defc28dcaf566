import json

import pytest

from evenly.judge import Law, uniform
from evenly.judge.plan import CONNECTIONS_A_CLIENT
from evenly.load.plan import LoadPlan, Stopped, Summary


def test_a_plan_is_one_line_that_reads_back_the_same() -> None:
    plan = LoadPlan("run-1", Law("weighted", {"a": 0.9, "b": 0.1}), cap=900, delta=0.02, host="spring-service.shop:8080")
    line = plan.to_line()
    assert line.index("\n") == len(line) - 1
    assert LoadPlan.from_line(line) == plan
    assert json.loads(line)["law"] == {"name": "weighted", "shares": {"a": 0.9, "b": 0.1}, "pick": "independent"}


def test_a_summary_reads_back_the_same() -> None:
    summary = Summary(100, 20, 1.5, 0.2, 3, Stopped.TIME_LIMIT, "2.47.0", 1_795_511_193_215_830_712, workers=2, lost=(7, 9))
    assert Summary.from_json(summary.to_json()) == summary


@pytest.mark.parametrize(("sources", "addresses"), [("", 1), ("127.1.0.0/16", 3)])
def test_each_client_of_a_law_over_clients_has_an_address(sources: str, addresses: int) -> None:
    plan = LoadPlan("run-1", uniform("ab"), cap=2 * CONNECTIONS_A_CLIENT + 1, sources=sources)
    assert plan.addresses == addresses == len({plan.source(number) for number in range(1, plan.cap + 1)})
