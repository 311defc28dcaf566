"""A cluster that exists is found by its context's name, and nothing else is."""

from pathlib import Path

import pytest

from evenly.cluster.context import foreign_cluster
from evenly.errors import EvenlyError


def test_a_context_that_does_not_exist_is_answered_with_those_that_do(kubeconfig: Path) -> None:
    with pytest.raises(EvenlyError, match="there is no context three") as caught:
        foreign_cluster("three", kubeconfig)
    assert "one, two" in caught.value.remedy


def test_a_kubeconfig_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(EvenlyError, match=r"there is no context one in .*nowhere"):
        foreign_cluster("one", tmp_path / "nowhere")


def test_a_cluster_that_does_not_answer_is_an_error_and_no_secret_is_shown(kubeconfig: Path) -> None:
    with pytest.raises(EvenlyError, match="the cluster of context two does not answer") as caught:
        foreign_cluster("two", kubeconfig)
    assert "secret" not in str(caught.value)
