"""What every scenario of a run stands on."""

import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Self

from kubernetes.client import ApiClient

from evenly.cluster import ClusterOptions, open_cluster
from evenly.cluster.api import connect, data_plane
from evenly.cluster.cluster import Cluster
from evenly.cluster.context import foreign_cluster
from evenly.k8s import namespace, nodes
from evenly.offline.supplier import OfflineSupplier
from evenly.scenario.run import Run
from evenly.settings import Settings


@dataclass(frozen=True, slots=True)
class Testbed:
    """The cluster, the way to its API server, the run that is recorded, and what was set."""

    __test__: ClassVar[bool] = False  # pytest would take the name for that of a test

    cluster: Cluster
    api: ApiClient
    run: Run
    settings: Settings

    @classmethod
    def of(cls, cluster: Cluster, run: Run, settings: Settings) -> Self:
        """Connect to a cluster, and tell the run where it takes place."""
        api = connect(cluster.kubeconfig, cluster.context, cluster.certificates)
        run.describe(
            {
                "Cluster": cluster.description,
                "Kubernetes": f"{cluster.versions['kubernetes']}, {data_plane(api)}",
                "Host": f"{platform.system()} {platform.release()}, {os.cpu_count()} CPUs",
            }
        )
        return cls(cluster, api, run, settings)


@contextmanager
def made_here(options: ClusterOptions, run: Run, settings: Settings) -> Iterator[Testbed]:
    """Give a kind cluster, made for this run or kept by an earlier one, once its nodes are ready and nothing old is in it."""
    with open_cluster(options, run.progress, OfflineSupplier()) as cluster:
        run.progress.say(cluster.description)
        bed = Testbed.of(cluster, run, settings)
        with run.progress.step("wait for the nodes", usually_s=3):
            nodes.await_ready(bed.api)
        for left in namespace.of_earlier_runs(bed.api):  # of a run that was killed, or that left them to be looked at
            run.progress.say(f"removing the namespace {left.name}, which an earlier run left in this cluster")
            namespace.take_away(left)
        yield bed


def of_context(kubeconfig: Path | None, run: Run, settings: Settings) -> Testbed:
    """Return the cluster of a kubeconfig's context, in which nothing is changed that this run does not make."""
    cluster = foreign_cluster(settings.context, kubeconfig)
    run.progress.say(cluster.description)
    return Testbed.of(cluster, run, settings)
