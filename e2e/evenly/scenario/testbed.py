"""What every scenario of a run stands on."""

import os
import platform
from dataclasses import dataclass, field
from typing import Self

from kubernetes.client import ApiClient

from evenly.cluster import Cluster, records
from evenly.cluster.api import connect, data_plane
from evenly.cluster.conntrack_flush import Memory
from evenly.k8s import namespace, nodes
from evenly.scenario.run import Run
from evenly.scenario.worker_image import WorkerImage
from evenly.settings import Settings


@dataclass(frozen=True, slots=True)
class Bench:
    """The cluster, the way to its API server, the run that is recorded, what was set, and what nodes still remember or hold."""

    cluster: Cluster
    api: ApiClient
    run: Run
    settings: Settings
    memory: Memory = field(default_factory=Memory)
    worker_image: WorkerImage = field(default_factory=WorkerImage)

    @classmethod
    def of(cls, cluster: Cluster, run: Run, settings: Settings) -> Self:
        """Connect to the cluster, wait for the nodes of one made here, and tell the run where it takes place."""
        ours = records.certificates(cluster.kubeconfig) if cluster.kind else None
        api = connect(cluster.kubeconfig, cluster.context, ours)
        if cluster.kind:
            with run.progress.step("wait for the nodes", usually_s=3):
                nodes.await_ready(api)
            for left in namespace.of_earlier_runs(api):  # of a run that was killed, or that left them to be looked at
                run.progress.say(f"removing the namespace {left.name}, which an earlier run left in this cluster")
                namespace.take_away(left)
        run.describe(
            {
                "Cluster": cluster.description,
                "Kubernetes": f"{cluster.versions['kubernetes']}, {data_plane(api)}",
                "Host": f"{platform.system()} {platform.release()}, {os.cpu_count()} CPUs",
            }
        )
        return cls(cluster, api, run, settings)
