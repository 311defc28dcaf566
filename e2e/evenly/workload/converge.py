"""The gate: a bounded wait until roll-out, endpoints and answers agree."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from evenly.errors import EvenlyError
from evenly.workload.ask import Ask
from evenly.workload.endpoints import EndpointsWatch
from evenly.workload.manifest import Document, at, only
from evenly.workload.namespace import Namespace
from evenly.workload.pods import Pod, in_namespace, rolled_out, why_none
from evenly.workload.wait import until

PODS_TOLD = 2


@dataclass(frozen=True, slots=True)
class Declared:
    """What the manifests say: the Deployment whose pods are expected to answer, those beside it, the Service, its selector."""

    deployment: str
    beside: tuple[str, ...]
    service: str
    selector: Mapping[str, str]

    @classmethod
    def of(cls, documents: Sequence[Document], source: str) -> Self:
        """Read it off the manifests' objects: the first Deployment counts, and the one Service.

        Raises EvenlyError, naming ``source``, for manifests that leave nobody to answer.
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
        return cls(name, tuple(beside), service["metadata"]["name"], selector)

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


def converge(  # noqa: PLR0913 - what it waits for, how long, and whom it tells
    namespace: Namespace,
    declared: Declared,
    endpoints: EndpointsWatch,
    ask: Ask,
    *,
    limit_s: float,
    tell: Callable[[str], None],
) -> Settled:
    """Wait until all is rolled out, the endpoints are the ready pods that the Service selects, and each has answered.

    Straight after a roll-out the node's rules still lag behind the endpoints; only an answer from each of them shows that
    the rules have caught up. A selected pod of somebody else does not hold the gate up: waiting would not send it away, and
    it is evidence for the verdict. ``tell`` gets a line now and then on what is waited for.
    Raises EvenlyError when the Deployment has no pods at all by then: nothing could be expected.
    """
    expected: tuple[Pod, ...] = ()

    def expected_now() -> tuple[Pod, ...]:
        return tuple(pod for pod in in_namespace(namespace) if declared.expects(pod))

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

    def tell_of_pods(waited_s: float) -> None:
        tell(f"waiting for {_pods_to_come(declared.deployment, expected_now())} ({waited_s:.0f} of at most {limit_s:.0f} s)")

    def tell_of_answers(waited_s: float) -> None:
        tell(f"waiting {waited_s:.0f} s for an answer from each of {len(endpoints.ready)} endpoints: {len(answered)} so far")

    end = time.monotonic() + limit_s
    opened = until(agreed, limit_s=limit_s, tell=tell_of_pods) and until(
        everyone_answered, limit_s=end - time.monotonic(), every_s=0.005, tell=tell_of_answers
    )
    expected = expected or expected_now()
    if not expected:
        raise EvenlyError(
            f"Deployment {declared.deployment} has no pods after {limit_s:g} s: {why_none(namespace, declared.deployment)}",
            "mend what it says, then run again",
        )
    return Settled(expected, opened)


def _pods_to_come(deployment: str, pods: Sequence[Pod]) -> str:
    """Say how far the pods of a Deployment are: "3 pods of backend-app: 1 ready; backend-app-x: CrashLoopBackOff: ..."."""
    waiting = [f"{pod.name}: {pod.note}" for pod in pods if not pod.ready]
    more = [f"{len(waiting) - PODS_TOLD} more not ready"] if len(waiting) > PODS_TOLD else []
    ready = f"{len(pods) - len(waiting)} ready"
    return f"{len(pods)} pods of {deployment}: " + "; ".join((ready, *waiting[:PODS_TOLD], *more))
