"""What was written down about a cluster finds it again, even when the record is damaged."""

from __future__ import annotations

import io
import json
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from evenly.cluster import records
from evenly.cluster.cache.cache import Cache
from evenly.cluster.lifecycle import down
from evenly.cluster.records import ClusterRecord
from evenly.progress import Progress
from unit.cluster.fakes import FakeSupplier

if TYPE_CHECKING:
    from pathlib import Path

    from unit.fakes import Machine

KEPT = ClusterRecord("evenly-kept", "/elsewhere/config", "key", "2026-kept", pid=7, own_network=True, kept=True)


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache")


def test_a_record_is_read_as_it_was_written(cache: Cache) -> None:
    records.remember(cache, replace(KEPT, kept=False))
    records.remember(cache, KEPT)
    assert records.everything(cache) == [KEPT]


def test_a_record_that_was_not_finished_does_not_count(cache: Cache) -> None:
    records.remember(cache, KEPT)
    (cache.root / "clusters" / "unfinished").write_text("{")
    assert records.everything(cache) == [KEPT]


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(asdict(KEPT))[:40],
        "",
        "[]",
        json.dumps({**asdict(KEPT), "colour": "of a later version"}),
        json.dumps({"name": KEPT.name}),
    ],
    ids=["half", "empty", "a list", "unknown field", "missing field"],
)
def test_the_cluster_of_a_damaged_record_is_found_by_name_and_removed_aloud(cache: Cache, machine: Machine, text: str) -> None:
    records.remember(cache, KEPT)
    record = cache.root / "clusters" / "evenly-kept.json"
    record.write_text(text)
    (machine.here / "nodes" / "evenly-kept-worker").write_text("evenly-kept")
    (machine.here / "nodes" / "mine-worker").write_text("mine")
    assert str(record) in records.everything(cache)[0].run_id
    said = io.StringIO()
    down(cache.root, Progress(Console(file=said)), FakeSupplier())
    assert "removing the cluster evenly-kept" in said.getvalue()
    assert machine.nodes == {"mine-worker"}
    assert not record.exists()
