"""What the manifests of a Service under test declare: whose answers are expected, and which of them can come."""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Self

from evenly.errors import EvenlyError
from evenly.k8s.manifest import Document, at, only
from evenly.k8s.pods import Pod

SAME_NODE = "PreferSameNode"
"""A node's own pods, else those of its zone; the other words, such as "PreferSameZone", begin with the zone."""


@dataclass(frozen=True, slots=True)
class Expectations:
    """What the manifests say: the Deployment whose pods are expected to answer, those beside it, the Service, its selector.

    ``wanted`` are those beside it whose pods are expected, too. ``sticky`` is a Service that sends a client back to its pod,
    ``local`` one whose nodes send what comes in by this load's way to their own pods only; ``preferred`` is which pods a
    node prefers otherwise, in the word of ``trafficDistribution``, "" for none. ``promises`` says that there is to be a pod
    with the labels that the Service selects; ``target_ports`` are its pods' ports (numbers or names) that it sends to.
    """

    deployment: str
    beside: tuple[str, ...]
    service: str
    selector: Mapping[str, str]
    sticky: bool = False
    local: bool = False
    promises: bool = True
    target_ports: frozenset[str] = frozenset()
    preferred: str = ""
    wanted: tuple[str, ...] = ()

    @classmethod
    def of(cls, documents: Sequence[Document], source: str, *, wanted: tuple[str, ...] = (), from_inside: bool = False) -> Self:
        """Read it off the manifests' objects: the first Deployment counts, those that are ``wanted``, and the one Service.

        ``from_inside`` says that the load comes from a pod, where other policies hold than for what comes from outside.
        Raises EvenlyError, naming ``source``, for manifests that leave nobody to answer, or lack what is wanted.
        """
        service = only(documents, "Service", source)
        selector = at(service, "spec", "selector")
        if not selector:
            raise EvenlyError(
                f"Service {service['metadata']['name']} has no selector, so it takes no pod in",
                f"in {source}: give it the labels of the pods under spec.selector",
            )
        deployments = [document for document in documents if document["kind"] == "Deployment"]
        if not deployments:
            raise EvenlyError(f"{source} holds no Deployment, so nobody is expected to answer", "add that of the backend")
        name, *beside = (deployment["metadata"]["name"] for deployment in deployments)
        if at(deployments[0], "spec", "replicas") == 0:
            raise EvenlyError(
                f"Deployment {name} asks for 0 replicas, so nobody is expected to answer", f"in {source}: ask for 2 or more"
            )
        if missing := sorted(set(wanted) - set(beside)):
            raise EvenlyError(
                f"{source} holds no Deployment {missing[0]}, which is wanted", f"it has {', '.join(beside) or name}"
            )
        local = at(service, "spec", "internalTrafficPolicy" if from_inside else "externalTrafficPolicy") == "Local"
        return cls(
            name,
            tuple(beside),
            service["metadata"]["name"],
            selector,
            sticky=at(service, "spec", "sessionAffinity") == "ClientIP",
            local=local,
            promises=any(selector.items() <= labels.items() for labels in map(_labels_of_pods, documents)),
            target_ports=frozenset(str(p.get("targetPort", p.get("port"))) for p in at(service, "spec", "ports") or []),
            preferred="" if local else at(service, "spec", "trafficDistribution") or "",
            wanted=wanted,
        )

    def expects(self, pod: Pod) -> bool:
        """Tell whether a pod is one of those that should answer."""
        return pod.owner in {f"Deployment {name}" for name in (self.deployment, *self.wanted)}

    def reaches(
        self, endpoints: AbstractSet[str], node: str, pods: Iterable[Pod], zones: Mapping[str, str]
    ) -> AbstractSet[str]:
        """Return the endpoints that connections through a node can come to; ``zones`` are those of the nodes, "" for none."""
        there = [pod for pod in pods if pod.uid in endpoints]
        if self.local:
            return {pod.uid for pod in there if pod.node == node}
        return preferred(self.preferred, node, there, zones) or endpoints

    def selects(self, pod: Pod) -> bool:
        """Tell whether the Service takes a pod in, once it is ready."""
        return self.selector.items() <= pod.labels.items()

    def leads_nowhere(self, pods: Iterable[Pod]) -> bool:
        """Tell whether the containers of these pods declare ports, but none that the Service sends to."""
        declared = {str(word) for pod in pods for port in pod.ports for word in port}
        return bool(declared and self.target_ports) and not declared & self.target_ports


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


def _labels_of_pods(document: Document) -> Mapping[str, str]:
    """Return the labels of the pods that an object is, or has made."""
    own = ("metadata", "labels") if document["kind"] == "Pod" else ("spec", "template", "metadata", "labels")
    return at(document, *own) or {}
