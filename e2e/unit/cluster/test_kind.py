"""kubectl on a cluster of ours: this machine's, or the control plane's own, and nothing is left where the user lives."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from evenly.cluster.kind import Kind

if TYPE_CHECKING:
    from unit.fakes import Machine


INSIDE = "exec --interactive evenly-run-control-plane kubectl --kubeconfig /etc/kubernetes/admin.conf"


@pytest.mark.parametrize(("program", "typed"), [("kubectl", "--kubeconfig /config"), ("docker", INSIDE)])
def test_kubectl_is_this_machines_or_else_the_control_planes_own(machine: Machine, program: str, typed: str) -> None:
    machine.runs(program, 'echo "$DOCKER_HOST $KUBECACHEDIR: $@"')
    env = {"DOCKER_HOST": "unix:///here"}
    kind = Kind("evenly-run", Path("/config"), kind=Path("kind"), image="", env=env)
    assert kind.kubectl("get", "nodes") == f"unix:///here /dev/null: {typed} get nodes\n"
