"""The image of worker pods, in the nodes of a run's cluster."""

from kubernetes.client import ApiClient

from evenly.cluster import Cluster
from evenly.cluster.cache.cache import Cache
from evenly.cluster.engine.engine import Engine
from evenly.cluster.images import worker_image
from evenly.k8s import nodes
from evenly.scenario.run import Run
from evenly.settings import Settings


class WorkerImage:
    """Made, and put into the nodes that take pods, when a load of this run needs it first."""

    _name = ""

    def in_nodes(self, cluster: Cluster, api: ApiClient, settings: Settings, run: Run) -> tuple[Engine, str]:
        """Return the nodes' engine, and its name once they hold it.

        Raises NotApplicableError for a cluster that was not made here, and what ``worker_image.obtain`` does.
        """
        if not (cluster.kind and cluster.engine):
            raise cluster.not_ours("no pods of evenly's send a load in it")
        if not self._name:
            name = worker_image.obtain(Cache(settings.cache, run.progress), cluster.engine, settings.cluster_from, run.progress)
            with run.progress.step("put Locust into the nodes", usually_s=6):
                cluster.kind.load_docker_image(name, *nodes.for_pods(api))
            run.describe({"Worker pods": f"image {name}"})
            self._name = name
        return cluster.engine, self._name
