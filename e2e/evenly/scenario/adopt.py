"""A Service that is there already, with a backend of somebody else's: nothing of it is made, changed or taken away."""

from contextlib import ExitStack
from dataclasses import replace
from socket import create_connection

from kubernetes.client.exceptions import ApiException

from evenly.cluster.host.ports import NODE_PORT
from evenly.errors import EvenlyError
from evenly.k8s import external, nodes, services
from evenly.k8s.converge import Settled
from evenly.k8s.endpoints import EndpointsWatch
from evenly.k8s.namespace import Namespace
from evenly.k8s.pods import in_namespace
from evenly.k8s.probe import PROBE_ID, PROBE_TIMEOUT_S
from evenly.k8s.wait import until
from evenly.load.answer import Answer, ErrorKind
from evenly.load.client.process import Locust
from evenly.load.identify import Identify
from evenly.load.plan import LoadPlan
from evenly.scenario.loads import Loading
from evenly.scenario.pod_logs import Believed
from evenly.scenario.record import Scenario
from evenly.scenario.testbed import Bench

ENDPOINTS_LIMIT_S = 10.0
"""Longest wait until a Service's endpoints are its ready pods: they lag a second or two, and some are meant to be others."""

ANSWERS_LIMIT_S = 10.0
"""Longest wait until each pod has answered; rules lag a second or two behind pods, and some laws never let all answer."""


class Existing(Loading):
    """A Service of the cluster, named ``namespace/name``; its pods are those of its EndpointSlices as a load begins.

    A load goes to its node port on each node, and also ``through`` ``external.LOAD_BALANCER`` where it has an external address.
    ``identify`` says how an answer names its pod.
    """

    def __init__(self, bench: Bench, scenario: Scenario, name: str, identify: Identify) -> None:
        super().__init__(bench, scenario, files=())
        home, _, self._service = name.rpartition("/")
        self._namespace = Namespace(bench.api, home or "default")
        self._identify = identify

    def _set_up(self, stack: ExitStack) -> None:
        self._begin()
        self._find_doors()
        self._endpoints = stack.enter_context(EndpointsWatch(self._namespace, self._service))
        self._settle(self._nodes[0])

    def _find_doors(self) -> None:
        where = f"-n {self._namespace.name} get service"
        try:
            ports = services.read(self._service, self._namespace).ports
        except ApiException as error:
            raise EvenlyError(
                f"there is no Service {self._namespace.name}/{self._service}: {error.reason}",
                f"see those that are: kubectl {where}",
            ) from None
        port = next((port for port in ports if port.node_port), None)
        if port is None:
            raise EvenlyError(
                f"Service {self._namespace.name}/{self._service} has no node port, so nothing outside the cluster reaches it",
                f"give it type NodePort or LoadBalancer; what it has now: kubectl {where} {self._service}",
            )
        self._node_port = port.node_port
        if not (self._bench.cluster.kind and port.node_port == NODE_PORT):  # kind's nodes have doors for that one alone
            self._doors = {node.name: f"{node.address}:{port.node_port}" for node in nodes.everyone(self._bench.api)}
        self._nodes = tuple(self._doors)
        if address := external.address(self._service, self._namespace):
            self.add_door(external.LOAD_BALANCER, f"{address}:{port.port}")

    def _settle(self, node: str, quiet: int = 0) -> None:  # noqa: ARG002 - nobody has left
        """Take the pods that are endpoints now, and wait until each has answered through this node, or none can be told."""
        if not until(lambda: bool(self._endpoints.ready), limit_s=self._bench.settings.converge_s):
            raise EvenlyError(
                f"Service {self._namespace.name}/{self._service} has no ready endpoint, so nobody could answer",
                f"see its pods: kubectl -n {self._namespace.name} get endpointslices,pods",
            )
        until(self._endpoints_are_whole, limit_s=ENDPOINTS_LIMIT_S)
        ready = self._endpoints.ready
        pods = tuple(pod for pod in in_namespace(self._namespace) if pod.uid in ready)
        self._identify = self._identify.knowing({name: pod.uid for pod in pods for name in (pod.name, pod.ip, pod.uid)})
        answers: set[Answer | ErrorKind] = set()

        def everyone_answered() -> bool:
            answers.add(_ask(self._doors[node], self._identify))
            return ready <= {answer.uid for answer in answers if isinstance(answer, Answer)}

        opened = until(everyone_answered, limit_s=ANSWERS_LIMIT_S, every_s=0.005, in_vain=lambda: ErrorKind.NOT_OURS in answers)
        self._settled = Settled(pods, opened)

    def _endpoints_are_whole(self) -> bool:
        """Tell whether the endpoints are the ready pods that it selects; without a selector nobody can tell."""
        selector = services.read(self._service, self._namespace).selector
        selected = [pod for pod in in_namespace(self._namespace) if selector.items() <= pod.labels.items()]
        return not selector or self._endpoints.ready == {pod.uid for pod in selected if pod.ready}

    @property
    def _only_new_connections(self) -> str:
        return "the pods of a Service that evenly did not make are known by one answer on each connection"

    def _addressed(self, plan: LoadPlan) -> LoadPlan:
        return replace(plan, identify=self._identify)

    def _accounts(self, plan: LoadPlan, locust: Locust) -> Believed:  # noqa: ARG002 - its backend has none of our ids
        return Believed()


def _ask(address: str, identify: Identify) -> Answer | ErrorKind:
    """Send one probe, which is never part of a sample."""
    host, _, port = address.rpartition(":")
    try:
        with create_connection((host, int(port)), timeout=PROBE_TIMEOUT_S) as connection:
            connection.sendall(identify.request(PROBE_ID, address))
            return identify.read(b"".join(iter(lambda: connection.recv(4096), b"")))
    except OSError:
        return ErrorKind.UNREACHABLE
