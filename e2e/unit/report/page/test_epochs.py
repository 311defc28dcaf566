"""A load whose pods changed, on the page: each set of pods in a row, the judged one in the figures, the whole in the ledger."""

from dataclasses import replace

import pytest

from evenly.judge import Cause, Word
from evenly.report import render
from evenly.report.figures import figures
from evenly.report.page.conditions import conditions
from evenly.report.page.epochs import epoch_rows
from evenly.report.text.markup import plain
from evenly.results.samples import SAMPLES, SamplesFile
from evenly.results.schema import EpochRecord
from unit.factories import RunOf, Simulation, simulate

UIDS = ("uid-0", "uid-1", "uid-2")
FIRST = EpochRecord("", 0.0, 0.01, 0.3, 0.4, 1, 900, UIDS[:2], {"uid-0": 450, "uid-1": 450}, {}, Word.PASS)
LAST = EpochRecord(
    "scale to 3", 0.4, 2.9, 4.0, 4.2, 1001, 1200, UIDS, {"uid-0": 100, "uid-1": 60, "uid-2": 40}, {"refused": 2}, Word.PASS
)
NEVER = replace(LAST, settled_s=None, even_s=None, first=1201, last=1200, counts={}, word=Word.INCONCLUSIVE)


@pytest.fixture
def changed() -> Simulation:
    made = simulate(attempts=1200)
    return replace(made, record=replace(made.record, epochs=(FIRST, replace(LAST, judged=True))))


def test_each_epoch_is_a_row_with_its_time_to_fair_share(changed: Simulation) -> None:
    first, last = epoch_rows(changed.record)
    assert (first.change, first.lost, first.connections) == ("the load began", "none", "900")
    assert (last.change, last.fair_after, last.shares, last.lost) == (
        "scale to 3",
        "2.50 s",
        "50.0, 30.0 and 20.0 %",
        "2 refused",
    )


def test_what_was_lost_on_its_way_back_is_told_with_its_pod(changed: Simulation) -> None:
    reached = replace(LAST, lost={"time-out in response": 168}, lost_by={"uid-2": 160, "uid-gone": 8})
    (row,) = epoch_rows(replace(changed.record, epochs=(reached,)))
    assert row.lost == "168 time-out in response; 160 had reached w4n9x, 8 had reached uid-gone"


def test_pods_that_never_shared_are_told_without_shares(changed: Simulation) -> None:
    (row,) = epoch_rows(replace(changed.record, epochs=(NEVER,)))
    assert (row.fair_after, row.shares, row.connections) == ("never", "", "0")


def test_the_figures_are_of_the_judged_epoch_and_none_of_the_others(changed: Simulation, run_of: RunOf) -> None:
    gone = replace(changed.record.pods[0], uid="uid-gone")
    record = replace(changed.record, pods=(*changed.record.pods, gone))
    samples = SamplesFile(run_of(changed) / SAMPLES).read({record.name: record.judged})[record.name]
    assert samples.sent == 200
    assert [pod.pod.uid for pod in figures(record, samples).pods] == list(UIDS)


def test_without_a_judged_epoch_all_attempts_are_shown(changed: Simulation, run_of: RunOf) -> None:
    record = replace(changed.record, epochs=(FIRST, LAST))
    assert record.judged is None
    assert SamplesFile(run_of(changed) / SAMPLES).read({record.name: record.judged})[record.name].sent == 1200


def test_the_page_has_the_table_where_pods_changed_and_only_there(changed: Simulation, run_of: RunOf) -> None:
    assert "What each change did" in render(run_of(changed)).page.read_text()
    assert "What each change did" not in render(run_of(simulate())).page.read_text()


def test_pods_that_changed_as_declared_break_no_condition_and_others_do(changed: Simulation, run_of: RunOf) -> None:
    record = changed.record
    samples = SamplesFile(run_of(changed) / SAMPLES).read({record.name: record.judged})[record.name]
    assert any("1 change," in plain(condition.what) for condition in conditions(record, figures(record, samples)))
    broken = replace(record, verdict=replace(record.verdict, cause=Cause.ENDPOINTS))
    assert not any("1 change," in plain(condition.what) for condition in conditions(broken, figures(broken, samples)))
