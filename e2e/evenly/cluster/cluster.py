"""What a test needs to know of a cluster."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from evenly.cluster.engine.engine import Engine
from evenly.cluster.kind import KUBECTL_LIMIT_S, KUBECTL_WITHOUT_CACHE, Kind
from evenly.errors import NotApplicableError
from evenly.process import run


@dataclass(frozen=True, slots=True)
class Cluster:
    """A cluster that answers.

    ``doors`` holds each node's name with the ``host:port`` that leads to its port 30000. ``backend_image`` takes the
    place of the manifests' nginx; empty where that one is to be pulled by the cluster itself. ``kind`` is pytest-kind's
    object and ``engine`` runs its nodes, None for a cluster that was not made here.
    """

    name: str
    context: str
    kubeconfig: Path
    doors: tuple[tuple[str, str], ...]
    backend_image: str
    description: str
    kept: bool
    versions: Mapping[str, str] = field(default_factory=dict)
    kind: Kind | None = None
    engine: Engine | None = None

    def kubectl(self, *args: str, stdin: str | None = None) -> str:
        """Run kubectl on this cluster and return what it prints; raises ProgramError with its own words.

        A cluster that was not made here is asked with this machine's kubectl.
        """
        if self.kind:
            return self.kind.kubectl(*args, stdin=stdin)
        env = {"KUBECONFIG": str(self.kubeconfig), **KUBECTL_WITHOUT_CACHE}  # unlike --kubeconfig, it may name several files
        return run("kubectl", "--context", self.context, *args, timeout_s=KUBECTL_LIMIT_S, stdin=stdin, env=env)

    def on_node(self, node: str, *command: str, stdin: str | None = None) -> str:
        """Run a command on a node, as root, and return what it prints; raises ProgramError with its own words.

        Raises NotApplicableError for a cluster that was not made here.
        """
        if not self.kind:
            raise self.not_ours("no command is run on its nodes")
        return self.kind.on_node(node, *command, stdin=stdin)

    def not_ours(self, kept: str) -> NotApplicableError:
        """Return what to raise where a cluster that was not made here keeps something to itself."""
        return NotApplicableError(
            f"evenly did not make {self.description}: {kept}",
            "leave --context out: a cluster that is made for the run has it all",
        )
