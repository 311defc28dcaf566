"""What a test holds that has made a Service: it loads the Service, asks it, and changes it."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import partial

from evenly import shipped
from evenly.errors import NotApplicableError
from evenly.k8s import changes, namespace
from evenly.k8s.namespace import Namespace
from evenly.k8s.pods import Pod
from evenly.k8s.probe import Reply
from evenly.k8s.proxy_rules import choice
from evenly.k8s.proxy_rules.sync import await_rules
from evenly.k8s.request_path import from_node_network
from evenly.k8s.request_path.path import Path
from evenly.k8s.request_path.trace import Entry, trace
from evenly.load.client.process import NEW_CONNECTION
from evenly.scenario.deploy import Apply, DeployedTarget, Files, Find, deploy
from evenly.scenario.loads import Loads
from evenly.scenario.observe import read_choice
from evenly.scenario.record import Scenario
from evenly.scenario.sender import Order, Sender
from evenly.scenario.target import CONSECUTIVE_GOOD, node_port, own_address, zones
from evenly.scenario.testbed import Testbed

BACKEND_PROGRAM = "nginx"


class ServiceUnderTest:
    """A Service that a test has made: ``load`` goes through it while its pods stay, ``under_load`` while the test changes them.

    Each change is awaited until the Service has taken notice.
    """

    def __init__(self, bed: Testbed, target: DeployedTarget, loads: Loads, sender: Sender) -> None:
        self.load = loads.send
        self.under_load = loads.sustain
        self._bed = bed
        self._target = target
        self._loads = loads
        self._sender = sender

    @property
    def pods(self) -> tuple[Pod, ...]:
        """The pods that are expected to answer, by name."""
        return self._target.settled.expected

    @property
    def nodes(self) -> tuple[str, ...]:
        """The nodes that a load can go through, each with rules of its own; the first is where one goes by default."""
        return tuple(self._target.entries.nodes)

    @property
    def zones(self) -> Mapping[str, str]:
        """The zone of each node of the cluster; "" where it has none."""
        return zones(self._target)

    @property
    def home(self) -> Namespace:
        """The namespace that it lives in."""
        return self._target.ref.namespace

    @property
    def name(self) -> str:
        """The Service's name."""
        return self._target.ref.name

    @property
    def clients(self) -> tuple[Pod, ...]:
        """The client pods that loads come from, by name; none where they come from outside."""
        return self._target.clients

    @property
    def type(self) -> str:
        """The Service's type, as the API server has it now."""
        return self._target.ref.inside().type

    @property
    def dns_name(self) -> str:
        """The Service's DNS name in the cluster, with its port."""
        return self._target.ref.inside().name

    @property
    def address(self) -> str:
        """The Service's address in the cluster, with its port, as the API server has it now."""
        return self._target.ref.inside().address

    @property
    def node_port(self) -> str:
        """The first node's own address, with the port that it has open for loads."""
        return node_port(self._target)

    @property
    def sent(self) -> int:
        """How many attempts of the newest load have ended, up to its last look."""
        return self._sender.sent

    @property
    def worker_pods(self) -> tuple[Pod, ...]:
        """The pods that send the newest load that pods send, or have sent it; none without any."""
        return self._sender.worker_pods

    def check_apart(self) -> None:
        """Raise NotApplicableError where all of its pods are on one node, as where only one takes any."""
        if len({pod.node for pod in self.pods}) == 1:
            raise NotApplicableError(
                f"all pods of {self.name} are on {self.pods[0].node}", "have two nodes or more that take pods"
            )

    def ask(self, times: int = 1, *, to: str = "") -> tuple[Reply, ...]:
        """Ask so many times, one after the other, the way that a load goes; one without a UID is none."""
        return self._target.ask(times, to=to)

    def connect_from_outside(self, address: str) -> str:
        """Connect to an address from the network of the nodes; return "accepted", or the system's words."""
        return from_node_network.connect(address, from_node_network.device_of(own_address(self._target)))

    def trace(self) -> Path:
        """Send one request through the first node, and return the way that it took."""
        entries = self._target.entries
        exec_there = partial(self._bed.cluster.exec, entries.usual)
        return trace(self.home, self.name, self.pods, Entry(entries.usual, entries.address(), entries.node_port, exec_there))

    def add_entry_point(self, name: str, address: str) -> None:
        """Let a load come ``through`` something else than a node, such as a load balancer before them all."""
        self._target.entries.balancers[name] = address

    def await_rules(self, nodes: Sequence[str]) -> None:
        """Wait until the rules of these nodes hold what the API server has said by now, where rules are read."""
        await_rules(self.home, self._bed.cluster, nodes)

    def leave(self) -> None:
        """Leave the Service and its pods in the cluster; the next run on it takes them away."""
        self._target.leave()

    def scale(self, replicas: int) -> None:
        """Have so many pods behind the Service, and wait until they are."""
        with self._changing(f"scale to {replicas}"):
            changes.scale(self.home, self._target.expectations.deployment, replicas)

    def replace_pods(self) -> None:
        """Have every pod replaced by a new one, as `kubectl rollout restart` does, and wait until they are."""
        with self._changing("all pods replaced"):
            changes.restart(self.home, self._target.expectations.deployment)

    def make_unready(self, pod: Pod) -> None:
        """Take a pod out of the Service without stopping it."""
        with self._loads.change("a pod not ready", without=pod.uid):
            changes.make_unready(self.home, pod, self._target.endpoints)

    def make_ready(self, pod: Pod) -> None:
        """Let a pod that was made unready come back, and wait until it has."""
        with self._changing("a pod ready again"):
            changes.make_ready(self.home, pod)

    def kill(self, pod: Pod) -> None:
        """Kill a pod's program without notice (SIGKILL), and wait until the kubelet has started it again."""
        with self._changing("a pod killed"):
            restarts = changes.restarts(self.home, pod)
            self._bed.cluster.kill(pod.node, pod.uid, BACKEND_PROGRAM)
            changes.await_restart(self.home, pod, restarts, self._target.endpoints)
            self.await_rules(self.nodes[:1])  # it was out of them for a moment, which may be yet to come

    @contextmanager
    def paused(self, node: str) -> Iterator[None]:
        """Have all processes of a node stand still while the ``with`` block lasts, and wait until its pods answer again."""
        with self._changing("a node paused"), self._bed.cluster.pause(node):
            yield

    def restart_kube_proxy(self) -> None:
        """Have kube-proxy restarted on every node, and wait until it is back; NotApplicableError on a cluster not made here."""
        self._bed.cluster.check_ours("its kube-proxy is not restarted")
        before = changes.kube_proxy(self._bed.api)
        with self._changing("kube-proxy restarted"):
            changes.delete_kube_proxy(self._bed.api)
            changes.await_kube_proxy(self._bed.api, before)

    def retarget(self, port: int) -> None:
        """Let the Service lead to another port of its pods."""
        changes.retarget(self.home, self.name, port)

    def impersonate(self, pod: Pod, other: Pod) -> None:
        """Have a pod answer in another's name."""
        changes.impersonate(self.home, pod, other)

    def delete_rule(self, node: str) -> Pod:
        """Delete one of kube-proxy's rules on a node, and return the pod that connections through it no longer reach."""
        return self.bias_rule(node, chance=0)

    def bias_rule(self, node: str, chance: float) -> Pod:
        """Have a node choose one of the pods, which is returned, with this chance; the others share what is left."""
        self.await_rules(self.nodes)  # nothing is left for kube-proxy to write, here or anywhere
        cluster = self._bed.cluster
        address = choice.change(cluster, node, read_choice(cluster, self._target, node), chance)
        return next(pod for pod in self.pods if pod.ip == address.rpartition(":")[0])

    def _changing(self, name: str) -> AbstractContextManager[None]:
        """Mark what the block does as a change, and settle after it."""
        return self._loads.change(name, partial(self._target.settle, consecutive_good=CONSECUTIVE_GOOD))


@contextmanager
def service_under_test(
    bed: Testbed, scenario: Scenario, files: Files, *, find: Find = shipped.manifest, apply: Apply = namespace.apply
) -> Iterator[ServiceUnderTest]:
    """Deploy a Service for a scenario while Locust starts, and take everything away at the end."""
    began_s = time.monotonic()
    bed.cluster.await_forgotten(bed.run.progress)
    with Sender(bed, scenario.name) as sender:
        sender.warm_up(_first_order(bed, files))  # beside the start of the pods
        with deploy(bed, scenario.name, files, find=find, apply=apply) as target:
            yield ServiceUnderTest(bed, target, Loads(bed, scenario, target, sender, began_s), sender)


def _first_order(bed: Testbed, files: Files) -> Order:
    """Return the order that the first load most likely is."""
    settings, inside = bed.settings, files.client_pods > 0
    locustfile = NEW_CONNECTION if inside else settings.locustfile or NEW_CONNECTION
    address = next(iter(bed.cluster.entries.values()))
    return Order(address, locustfile, settings.clients, in_cluster=settings.workers_in_cluster > 0 and not inside)
