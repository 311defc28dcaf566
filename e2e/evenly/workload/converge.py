"""The gate: a bounded wait until roll-out, endpoints and answers agree."""

import time
from collections.abc import Callable

from evenly.workload.endpoints import EndpointsWatch
from evenly.workload.namespace import Namespace
from evenly.workload.pods import Pod, in_namespace, rolled_out
from evenly.workload.wait import until

Ask = Callable[[], str | None]
"""Sends one probe through the Service and returns the UID of the pod that answered, None when none did."""


def converge(
    namespace: Namespace, deployment: str, endpoints: EndpointsWatch, ask: Ask, *, limit_s: float
) -> tuple[tuple[Pod, ...], bool]:
    """Wait until every pod of the Deployment is ready, is an endpoint, and has answered through the Service.

    Straight after a roll-out the node's rules still lag behind the endpoints; only an answer from each pod shows that they
    have caught up. Pods of others among the endpoints do not hold the gate up: waiting would not send them away, and they
    are evidence for the verdict. Returns the expected pods, and whether the gate opened before ``limit_s``.
    """
    expected: tuple[Pod, ...] = ()

    def ready() -> bool:
        nonlocal expected
        if not rolled_out(namespace, deployment):
            return False
        expected = owned(namespace, deployment)
        return all(pod.ready for pod in expected) and {pod.uid for pod in expected} <= endpoints.ready

    answered: set[str] = set()

    def everyone_answered() -> bool:
        pod = ask()
        answered.add(pod) if pod else answered.clear()  # after an error the count begins anew
        return {pod.uid for pod in expected} <= answered

    end = time.monotonic() + limit_s
    opened = until(ready, limit_s=limit_s) and until(everyone_answered, limit_s=end - time.monotonic(), every_s=0.005)
    return expected or owned(namespace, deployment), opened


def owned(namespace: Namespace, deployment: str) -> tuple[Pod, ...]:
    """Return the pods of a Deployment, ready or not."""
    return tuple(pod for pod in in_namespace(namespace) if pod.owner == f"Deployment {deployment}")
