"""The gate: a bounded wait until roll-out, endpoints and answers agree."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from evenly.workload.ask import Ask
from evenly.workload.endpoints import EndpointsWatch
from evenly.workload.manifest import Document, only
from evenly.workload.namespace import Namespace
from evenly.workload.pods import Pod, in_namespace, rolled_out
from evenly.workload.wait import until


@dataclass(frozen=True, slots=True)
class Declared:
    """What the manifests say: the Deployment whose pods are expected to answer, those beside it, the Service's selector."""

    deployment: str
    beside: tuple[str, ...]
    selector: Mapping[str, str]

    @classmethod
    def of(cls, documents: Sequence[Document]) -> Self:
        """Read it off the manifests' objects: the first Deployment counts, and the one Service."""
        first, *beside = (document["metadata"]["name"] for document in documents if document["kind"] == "Deployment")
        return cls(first, tuple(beside), only(documents, "Service", "the scenario")["spec"]["selector"])

    def expects(self, pod: Pod) -> bool:
        """Tell whether a pod is one of those that should answer."""
        return pod.owner == f"Deployment {self.deployment}"

    def selects(self, pod: Pod) -> bool:
        """Tell whether the Service takes a pod in, once it is ready."""
        return self.selector.items() <= pod.labels.items()


@dataclass(frozen=True, slots=True)
class Settled:
    """The expected pods, and whether the gate opened within its limit."""

    expected: tuple[Pod, ...]
    opened: bool


def converge(namespace: Namespace, declared: Declared, endpoints: EndpointsWatch, ask: Ask, *, limit_s: float) -> Settled:
    """Wait until all is rolled out, the endpoints are the ready pods that the Service selects, and each has answered.

    Straight after a roll-out the node's rules still lag behind the endpoints; only an answer from each of them shows that
    the rules have caught up. A selected pod of somebody else does not hold the gate up: waiting would not send it away, and
    it is evidence for the verdict.
    """
    expected: tuple[Pod, ...] = ()

    def agreed() -> bool:
        nonlocal expected
        if not endpoints.ready:  # known without asking: the pods need both processors for their start
            return False
        if not all(rolled_out(namespace, deployment) for deployment in (declared.deployment, *declared.beside)):
            return False
        pods = in_namespace(namespace)
        expected = tuple(pod for pod in pods if declared.expects(pod))
        selected = {pod.uid for pod in pods if pod.ready and declared.selects(pod)}
        return {pod.uid for pod in expected} <= selected == endpoints.ready

    answered: set[str] = set()

    def everyone_answered() -> bool:
        pod = ask()
        answered.add(pod) if pod else answered.clear()  # after an error the count begins anew
        return endpoints.ready <= answered

    end = time.monotonic() + limit_s
    opened = until(agreed, limit_s=limit_s) and until(everyone_answered, limit_s=end - time.monotonic(), every_s=0.005)
    return Settled(expected or tuple(pod for pod in in_namespace(namespace) if declared.expects(pod)), opened)
