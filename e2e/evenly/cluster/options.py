"""What a run says about the cluster that it needs."""

from dataclasses import dataclass
from pathlib import Path

from evenly.settings import ClusterFrom, ProxyMode


@dataclass(frozen=True, slots=True)
class ClusterOptions:
    """What a run may say about its cluster; ``config`` is kind's own configuration file.

    Without ``name`` and ``kubeconfig`` both are the run's own. ``node_image`` and ``kind`` replace what kind's release
    would take, and the program that is found or fetched.
    """

    run_id: str
    cache: Path
    config: Path
    cluster_from: ClusterFrom = ClusterFrom.AUTO
    proxy_mode: ProxyMode = ProxyMode.IPTABLES
    keep: bool = False
    name: str | None = None
    kubeconfig: Path | None = None
    node_image: str | None = None
    kind: Path | None = None
