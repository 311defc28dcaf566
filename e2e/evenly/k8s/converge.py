"""The convergence check: a bounded wait until roll-out, endpoints and answers agree."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field

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
    """The expected pods, whether all agreed within the limit, and how many probes had no answer."""

    expected: tuple[Pod, ...]
    opened: bool
    unanswered: int = 0


@dataclass(slots=True)
class Convergence:
    """One convergence check of a Service: what it looks at, and what it has seen so far.

    ``ask`` goes through ``node``; where a Service sticks, or a node keeps to the pods near it, only answers that can come are
    waited for. ``zones`` are those of the nodes. Where pods have left, so many answers in a row must be from endpoints:
    ``consecutive_good``.
    """

    namespace: Namespace
    expectations: Expectations
    endpoints: EndpointsWatch
    ask: Ask
    _: KW_ONLY
    node: str
    zones: Mapping[str, str]
    consecutive_good: int = 0
    _pods: tuple[Pod, ...] = field(default=(), init=False)
    _expected: tuple[Pod, ...] = field(default=(), init=False)
    _answered: set[str] = field(default_factory=set, init=False)
    _good_in_a_row: int = field(default=0, init=False)
    _unanswered: int = field(default=0, init=False)
    _anybody: bool = field(default=False, init=False)

    def wait(self, limit_s: float, tell: Callable[[str], None]) -> Settled:
        """Wait until all is rolled out, the endpoints are the ready pods that the Service selects, and each has answered.

        Straight after a roll-out the node's rules still lag behind the endpoints; only an answer from each of them shows that
        kube-proxy has written them. A selected pod of somebody else does not hold the check up: waiting would not send it away,
        and it is evidence for the verdict. ``tell`` gets a line now and then on what is waited for.
        It ends early where more of it would be in vain: all is rolled out, and the Service selects none of it; or it sends to a
        port that no container declares, and nobody has answered in ``limits.SILENCE_S``.
        Raises EvenlyError when the Deployment has no pods at all by then: nothing could be expected.
        """

        def tell_of_pods(waited_s: float) -> None:
            to_come = _pods_to_come(self.expectations.deployment, self._expected_now())
            tell(f"waiting for {to_come} ({waited_s:.0f} of at most {limits.scaled(limit_s):.0f} s)")

        def tell_of_answers(waited_s: float) -> None:
            told = f"an answer from each of {len(self.endpoints.ready)} endpoints: {len(self._answered)} so far"
            tell(f"waiting {waited_s:.0f} s for {told}")

        began_s = time.monotonic()
        opened = until(self.agreed, limit_s=limit_s, tell=tell_of_pods, in_vain=self._nobody_can_come)
        silent_s = time.monotonic() + limits.scaled(limits.SILENCE_S)
        opened = opened and until(
            self.everyone_answered,
            limit_s=limit_s,
            since_s=began_s,
            every_s=0.001,
            tell=tell_of_answers,
            in_vain=lambda: time.monotonic() > silent_s and self._nobody_can_answer(),
        )
        if not opened and time.monotonic() < began_s + limits.scaled(limit_s):
            tell(f"not waiting for {self.expectations.service} any longer: {self._why_in_vain()}")
        return Settled(self._expected or self._expected_at_last(limit_s), opened, self._unanswered)

    def agreed(self) -> bool:
        """Look whether all is rolled out, and the endpoints are the ready pods that the Service selects."""
        if not self.endpoints.ready:  # known without asking: the pods need both processors for their start
            return False
        if not self._all_rolled_out():
            return False
        self._pods = in_namespace(self.namespace)
        self._expected = tuple(pod for pod in self._pods if self.expectations.expects(pod))
        selected = {pod.uid for pod in self._pods if pod.ready and self.expectations.selects(pod)}
        return {pod.uid for pod in self._expected} <= selected == self.endpoints.ready

    def everyone_answered(self) -> bool:
        """Ask once, and tell whether by now all have answered that can."""
        pod = self.ask()
        self._unanswered += pod is None
        self._anybody = self._anybody or bool(pod)
        reached = self.expectations.reaches(self.endpoints.ready, self.node, self._pods, self.zones)
        self._good_in_a_row = self._good_in_a_row + 1 if pod in reached else 0
        self._answered.add(pod) if pod else self._answered.clear()  # after an error the count begins anew
        if self._good_in_a_row < self.consecutive_good:
            return False
        if not {pod.uid for pod in self._expected} <= self.endpoints.ready:  # one may have left since they agreed
            return False
        return bool(self._answered & reached) if self.expectations.sticky and reached else reached <= self._answered

    def _expected_now(self) -> tuple[Pod, ...]:
        return tuple(pod for pod in in_namespace(self.namespace) if self.expectations.expects(pod))

    def _expected_at_last(self, limit_s: float) -> tuple[Pod, ...]:
        if expected := self._expected_now():
            return expected
        deployment = self.expectations.deployment
        raise EvenlyError(
            f"Deployment {deployment} has no pods after {limits.told(limit_s)}: {why_none(self.namespace, deployment)}",
            "mend what it says, then run again",
        )

    def _all_rolled_out(self) -> bool:
        deployments = (self.expectations.deployment, *self.expectations.beside)
        return all(rolled_out(self.namespace, deployment) for deployment in deployments)

    def _nobody_can_come(self) -> bool:
        """Tell whether the manifests promise no pod that the Service selects, and all that they make is there."""
        if self.expectations.promises or not self._all_rolled_out():  # the API server is not asked where they promise one
            return False
        return not any(map(self.expectations.selects, in_namespace(self.namespace)))

    def _nobody_can_answer(self) -> bool:
        return not self._anybody and self.expectations.leads_nowhere(self._expected)

    def _why_in_vain(self) -> str:
        return "no container declares the port that it sends to" if self.endpoints.ready else "its selector matches no pod"


def _pods_to_come(deployment: str, pods: Sequence[Pod]) -> str:
    """Say how far the pods of a Deployment are: "3 pods of backend-app: 1 ready; backend-app-x: CrashLoopBackOff: ..."."""
    waiting = [f"{pod.name}: {pod.note}" for pod in pods if not pod.ready]
    more = [f"{len(waiting) - PODS_TOLD} more not ready"] if len(waiting) > PODS_TOLD else []
    ready = f"{len(pods) - len(waiting)} ready"
    return f"{len(pods)} pods of {deployment}: " + "; ".join((ready, *waiting[:PODS_TOLD], *more))
