"""Which pods a Service prefers for what comes through a node: those near it, by kube-proxy's rules."""

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet

from evenly.k8s.pods import Pod

SAME_NODE = "PreferSameNode"
"""A node's own pods, else those of its zone; the other words, such as "PreferSameZone", begin with the zone."""


def preferred(word: str, node: str, pods: Iterable[Pod], zones: Mapping[str, str]) -> AbstractSet[str]:
    """Return those of the ready pods that are near a node, by the Service's ``trafficDistribution``; none: it sends to all.

    ``zones`` are those of the nodes, "" for none. They count for nothing unless every pod is in one.
    """
    nodes = {pod.uid: pod.node for pod in pods}
    own = {uid for uid in nodes if nodes[uid] == node}
    if word == SAME_NODE and own:
        return own
    where = {uid: zones.get(nodes[uid], "") for uid in nodes}
    return {uid for uid in where if where[uid] == zones.get(node)} if word and all(where.values()) else frozenset()
