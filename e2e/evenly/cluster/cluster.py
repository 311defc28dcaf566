"""What a test needs to know of a cluster."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from evenly.cluster.kind import Kind


@dataclass(frozen=True, slots=True)
class Cluster:
    """A cluster that answers.

    ``doors`` holds each node's name with the ``host:port`` that leads to its port 30000. ``backend_image`` takes the
    place of the manifests' nginx; empty where that one is to be pulled by the cluster itself. ``kind`` is pytest-kind's
    object, None for a cluster that was not made here.
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
