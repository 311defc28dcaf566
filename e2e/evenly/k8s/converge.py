"""The gate: a bounded wait until roll-out, endpoints and answers agree."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from evenly import limits
from evenly.errors import EvenlyError
from evenly.k8s.endpoints import EndpointsWatch
from evenly.k8s.expectations import Expectations
from evenly.k8s.namespace import Namespace
from evenly.k8s.pods import Pod, in_namespace, rolled_out, why_none
from evenly.k8s.probe import Ask
from evenly.k8s.wait import until

PODS_TOLD = 2


@dataclass(frozen=True, slots=True)
class Settled:
    """The expected pods, whether the gate opened within its limit, and how many probes had no answer."""

    expected: tuple[Pod, ...]
    opened: bool
    unanswered: int = 0


def converge(  # noqa: PLR0913 - what it waits for, how long, and whom it tells
    namespace: Namespace,
    declared: Expectations,
    endpoints: EndpointsWatch,
    ask: Ask,
    *,
    node: str,
    zones: Mapping[str, str],
    quiet: int = 0,
    limit_s: float,
    tell: Callable[[str], None],
) -> Settled:
    """Wait until all is rolled out, the endpoints are the ready pods that the Service selects, and each has answered.

    ``ask`` goes through ``node``; where a Service sticks, or a node keeps to the pods near it, only answers that can come are
    waited for. ``zones`` are those of the nodes.
    Straight after a roll-out the node's rules still lag behind the endpoints; only an answer from each of them shows that
    the rules have caught up. A selected pod of somebody else does not hold the gate up: waiting would not send it away, and
    it is evidence for the verdict. Where pods have left, so many answers in a row must be from endpoints: ``quiet``. ``tell``
    gets a line now and then on what is waited for.
    It ends early where more of it would be in vain: all is rolled out, and the Service selects none of it; or it sends to a
    port that no container declares, and nobody has answered in ``limits.SILENCE_S``.
    Raises EvenlyError when the Deployment has no pods at all by then: nothing could be expected.
    """
    pods: tuple[Pod, ...] = ()
    expected: tuple[Pod, ...] = ()

    def agreed() -> bool:
        nonlocal pods, expected
        if not endpoints.ready:  # known without asking: the pods need both processors for their start
            return False
        if not _all_rolled_out(namespace, declared):
            return False
        pods = in_namespace(namespace)
        expected = tuple(pod for pod in pods if declared.expects(pod))
        selected = {pod.uid for pod in pods if pod.ready and declared.selects(pod)}
        return {pod.uid for pod in expected} <= selected == endpoints.ready

    answered: set[str] = set()
    in_a_row, unanswered, anybody = 0, 0, False

    def everyone_answered() -> bool:
        nonlocal in_a_row, unanswered, anybody
        pod = ask()
        unanswered += pod is None
        reached = declared.reaches(endpoints.ready, node, pods, zones)
        anybody = anybody or bool(pod)
        in_a_row = in_a_row + 1 if pod in reached else 0
        answered.add(pod) if pod else answered.clear()  # after an error the count begins anew
        if in_a_row < quiet or not {pod.uid for pod in expected} <= endpoints.ready:  # one may have left since they agreed
            return False
        return bool(answered & reached) if declared.sticky and reached else reached <= answered

    def tell_of_pods(waited_s: float) -> None:
        to_come = _pods_to_come(declared.deployment, _expected_now(namespace, declared))
        tell(f"waiting for {to_come} ({waited_s:.0f} of at most {limits.scaled(limit_s):.0f} s)")

    def tell_of_answers(waited_s: float) -> None:
        tell(f"waiting {waited_s:.0f} s for an answer from each of {len(endpoints.ready)} endpoints: {len(answered)} so far")

    began_s = time.monotonic()
    opened = until(agreed, limit_s=limit_s, tell=tell_of_pods, in_vain=lambda: _nobody_can_come(namespace, declared))
    silent_at = time.monotonic() + limits.scaled(limits.SILENCE_S)
    opened = opened and until(
        everyone_answered,
        limit_s=limit_s,
        since_s=began_s,
        every_s=0.001,
        tell=tell_of_answers,
        in_vain=lambda: not anybody and time.monotonic() > silent_at and declared.leads_nowhere(expected),
    )
    if not opened and time.monotonic() < began_s + limits.scaled(limit_s):
        tell(f"not waiting for {declared.service} any longer: {_why_in_vain(endpoints)}")
    expected = expected or _expected_now(namespace, declared)
    if not expected:
        why = why_none(namespace, declared.deployment)
        raise EvenlyError(
            f"Deployment {declared.deployment} has no pods after {limits.told(limit_s)}: {why}",
            "mend what it says, then run again",
        )
    return Settled(expected, opened, unanswered)


def _expected_now(namespace: Namespace, declared: Expectations) -> tuple[Pod, ...]:
    return tuple(pod for pod in in_namespace(namespace) if declared.expects(pod))


def _all_rolled_out(namespace: Namespace, declared: Expectations) -> bool:
    return all(rolled_out(namespace, deployment) for deployment in (declared.deployment, *declared.beside))


def _nobody_can_come(namespace: Namespace, declared: Expectations) -> bool:
    """Tell whether the manifests promise no pod that the Service selects, and all that they make is there."""
    if declared.promises or not _all_rolled_out(namespace, declared):  # the API server is not asked where they promise one
        return False
    return not any(map(declared.selects, in_namespace(namespace)))


def _why_in_vain(endpoints: EndpointsWatch) -> str:
    return "no container declares the port that it sends to" if endpoints.ready else "its selector matches no pod"


def _pods_to_come(deployment: str, pods: Sequence[Pod]) -> str:
    """Say how far the pods of a Deployment are: "3 pods of backend-app: 1 ready; backend-app-x: CrashLoopBackOff: ..."."""
    waiting = [f"{pod.name}: {pod.note}" for pod in pods if not pod.ready]
    more = [f"{len(waiting) - PODS_TOLD} more not ready"] if len(waiting) > PODS_TOLD else []
    ready = f"{len(pods) - len(waiting)} ready"
    return f"{len(pods)} pods of {deployment}: " + "; ".join((ready, *waiting[:PODS_TOLD], *more))
