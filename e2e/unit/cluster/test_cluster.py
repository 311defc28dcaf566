"""kubectl goes to the cluster of the run, whoever made it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from evenly.cluster.foreign_cluster import ForeignCluster
from evenly.process import ProgramError
from unit.fakes import a_kind_cluster

if TYPE_CHECKING:
    from unit.fakes import Machine


class Kind:
    """Plays a cluster that was made here."""

    def kubectl(self, *args: str, stdin: str | None = None) -> str:
        return f"the control plane's own: {' '.join(args)} < {stdin}"


THEIRS = ForeignCluster("two", Path("/one:/two"), {}, "theirs")


def test_a_cluster_made_here_brings_its_kubectl_along() -> None:
    said = a_kind_cluster(kind=Kind()).kubectl("apply", "-f", "-", stdin="kind: Service")
    assert said == "the control plane's own: apply -f - < kind: Service"


def test_an_existing_cluster_is_asked_in_its_context_and_with_all_its_kubeconfigs(machine: Machine) -> None:
    machine.runs("kubectl", 'read -r line; echo "$KUBECONFIG $KUBECACHEDIR: $@ < $line"')
    said = THEIRS.kubectl("apply", "-f", "-", stdin="kind: Service")
    assert said == "/one:/two /dev/null: --context two apply -f - < kind: Service\n"


def test_what_kubectl_says_is_in_the_error(machine: Machine) -> None:
    machine.runs("kubectl", 'echo "error: no such thing" >&2; exit 1')
    with pytest.raises(ProgramError, match="error: no such thing") as refused:
        THEIRS.kubectl("get", "thing")
    assert refused.value.stderr == "error: no such thing\n"


@pytest.mark.usefixtures("machine")
def test_a_machine_without_kubectl_is_told_to_install_it() -> None:
    with pytest.raises(ProgramError, match="kubectl is not on this machine") as lacking:
        THEIRS.kubectl("get", "nodes")
    assert lacking.value.remedy == "install kubectl"
