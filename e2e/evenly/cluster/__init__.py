"""A Kubernetes cluster to test on: a kind cluster made for a run, or one that exists already."""

from evenly.cluster.cluster import Cluster
from evenly.cluster.lifecycle import down, open_cluster
from evenly.cluster.options import ClusterOptions

__all__ = ["Cluster", "ClusterOptions", "down", "open_cluster"]
