"""A Kubernetes cluster to test on: a kind cluster made for a run, or one that exists already."""

from evenly.cluster.cluster import Cluster, data_plane, existing
from evenly.cluster.lifecycle import ClusterOptions, down, open_cluster

__all__ = ["Cluster", "ClusterOptions", "data_plane", "down", "existing", "open_cluster"]
