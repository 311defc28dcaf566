"""A node is paused for as long as the block lasts, however that ends."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from evenly.cluster.engine.engine import Engine
from evenly.cluster.faults.pause import paused, resume
from evenly.cluster.foreign_cluster import ForeignCluster
from evenly.errors import NotApplicableError
from evenly.process import ProgramError

if TYPE_CHECKING:
    from unit.fakes import Machine

LISTED = "ps --quiet --filter label=io.x-k8s.kind.cluster=one --filter status=paused"


THEIRS = ForeignCluster("one", Path("config"), {}, "the existing cluster of context one")


def engine(machine: Machine, *, fails: str = "nothing") -> Engine:
    """Return one whose docker keeps in a file whether the node is paused, and fails at one command."""
    state, diary = machine.here / "frozen", machine.here / "diary"
    docker = machine.runs(
        "docker",
        f'echo "$@" >> {diary}; [ "$1" != {fails} ] || {{ echo no freezer >&2; exit 1; }}\n'
        f'case "$1" in pause) : > {state};; unpause) /bin/rm {state};; ps) [ ! -e {state} ] || echo 4f2a;; esac',
    )
    return Engine(docker, "99.1", private=True, why="")


def test_a_node_is_paused_while_the_block_lasts(machine: Machine) -> None:
    with paused(engine(machine), "one", "one-worker"):
        assert machine.diary == ["pause one-worker"]
    assert machine.diary[1:] == [LISTED, "unpause 4f2a"]


@pytest.mark.parametrize("end", [KeyboardInterrupt, ValueError])
def test_it_goes_on_after_an_error_and_after_ctrl_c(machine: Machine, end: type[BaseException]) -> None:
    with pytest.raises(end), paused(engine(machine), "one", "one-worker"):
        raise end
    assert machine.diary[-1] == "unpause 4f2a"


def test_an_engine_that_cannot_pause_says_so(machine: Machine) -> None:
    with pytest.raises(ProgramError, match="no freezer"), paused(engine(machine, fails="pause"), "one", "one-worker"):
        pytest.fail("a node that goes on was taken for a paused one")
    assert machine.diary == ["pause one-worker", LISTED]


def test_where_no_node_is_paused_none_is_asked_to_go_on(machine: Machine) -> None:
    resume(engine(machine), "one")
    assert machine.diary == [LISTED]


def test_nobody_pauses_the_nodes_of_a_cluster_that_was_not_made_here() -> None:
    with pytest.raises(NotApplicableError, match=r"context one: none of its nodes is paused"), THEIRS.pause("worker"):
        pytest.fail("it was paused")
