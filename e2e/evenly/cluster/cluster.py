"""A cluster, made by evenly or by its owner."""

from evenly.cluster.foreign_cluster import ForeignCluster
from evenly.cluster.kind_cluster import KindCluster

Cluster = KindCluster | ForeignCluster
"""Both are asked to do the same things; one that keeps something to itself raises NotApplicableError, or waits instead."""
