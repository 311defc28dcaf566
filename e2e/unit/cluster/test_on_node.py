"""A command on a node: run by the engine that holds it, and refused where no engine of ours does."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from evenly.cluster.foreign_cluster import ForeignCluster
from evenly.cluster.kind import Kind
from evenly.errors import NotApplicableError
from evenly.process import ProgramError
from unit.fakes import a_kind_cluster

if TYPE_CHECKING:
    from unit.fakes import Machine

THEIRS = ForeignCluster("one", Path("config"), {}, "the existing cluster of context one")
ECHO = 'printf "[%s]" "$@" "$DOCKER_HOST"; read line && echo "$line"; exit 0'


def kind() -> Kind:
    return Kind("one", Path("config"), kind=Path("kind"), image="", env={"DOCKER_HOST": "unix:///of-its-own"})


def test_a_command_reaches_the_node_word_by_word_with_its_input(machine: Machine) -> None:
    machine.runs("docker", ECHO)
    said = a_kind_cluster(kind=kind()).exec("one-worker", "tee", "a file", stdin="text\n")
    assert said == "[exec][--interactive][one-worker][tee][a file][unix:///of-its-own]text\n"


def test_a_command_that_fails_is_an_error_with_its_own_words(machine: Machine) -> None:
    machine.runs("docker", "echo 'conntrack: not permitted' >&2; exit 3")
    with pytest.raises(ProgramError, match=r"ended with exit code 3\n.*not permitted"):
        a_kind_cluster(kind=kind()).exec("one-worker", "conntrack", "-L")


def test_nobody_gets_onto_the_nodes_of_a_cluster_that_was_not_made_here() -> None:
    with pytest.raises(NotApplicableError, match=r"because evenly did not make .* of context one: no command") as refused:
        THEIRS.exec("worker", "true")
    assert "--context" in refused.value.remedy
