"""What a scenario may do to a Service and its pods; a load that is on meanwhile is told."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from evenly.cluster.faults import pause
from evenly.cluster.faults.kill import kill
from evenly.k8s import changes
from evenly.k8s.pods import Pod
from evenly.k8s.proxy_rules import choice
from evenly.scenario.deploy import QUIET
from evenly.scenario.epochs import Made
from evenly.scenario.loads import Loading
from evenly.scenario.under_load import UnderLoad

BACKEND_PROGRAM = "nginx"


class Changing(Loading):
    """A Service that scenarios change: each change is awaited until the Service has taken notice."""

    _under_load: UnderLoad | None = None

    def scale(self, replicas: int) -> None:
        """Have so many pods behind the Service, and wait until they are."""
        with self._changing(f"scale to {replicas}"):
            changes.scale(self._namespace, self._declared.deployment, replicas)

    def replace_pods(self) -> None:
        """Have every pod replaced by a new one, as `kubectl rollout restart` does, and wait until they are."""
        with self._changing("all pods replaced"):
            changes.restart(self._namespace, self._declared.deployment)

    def make_unready(self, pod: Pod) -> None:
        """Take a pod out of the Service without stopping it."""
        with self._marked("a pod not ready", without=pod.uid):
            changes.make_unready(self._namespace, pod, self._endpoints)

    def make_ready(self, pod: Pod) -> None:
        """Let a pod that was made unready come back, and wait until it has."""
        with self._changing("a pod ready again"):
            changes.make_ready(self._namespace, pod)

    def kill(self, pod: Pod) -> None:
        """Kill a pod's program without notice (SIGKILL), and wait until the kubelet has started it again."""
        with self._changing("a pod killed"):
            restarts = changes.restarts(self._namespace, pod)
            kill(self._bench.cluster, pod.node, pod.uid, BACKEND_PROGRAM)
            changes.await_restart(self._namespace, pod, restarts, self._endpoints)
            self.await_rules(self.nodes[:1])  # it was out of them for a moment, which may be yet to come

    @contextmanager
    def paused(self, node: str) -> Iterator[None]:
        """Have all processes of a node stand still while the ``with`` block lasts, and wait until its pods answer again."""
        with self._changing("a node paused"), pause.paused(self._bench.cluster, node):
            yield

    def restart_kube_proxy(self) -> None:
        """Have kube-proxy restarted on every node, and wait until it is back; NotApplicableError on a cluster not made here."""
        if not self._bench.cluster.kind:
            raise self._bench.cluster.not_ours("its kube-proxy is not restarted")
        api = self._bench.api
        before = changes.kube_proxy(api)
        with self._changing("kube-proxy restarted", then=lambda: changes.await_kube_proxy(api, before)):
            changes.delete_kube_proxy(api)

    def retarget(self, port: int) -> None:
        """Let the Service lead to another port of its pods."""
        changes.retarget(self._namespace, self._service, port)

    def impersonate(self, pod: Pod, other: Pod) -> None:
        """Have a pod answer in another's name."""
        changes.impersonate(self._namespace, pod, other)

    def delete_rule(self, node: str) -> Pod:
        """Delete one of kube-proxy's rules on a node, and return the pod that connections through it no longer reach."""
        return self.bias_rule(node, chance=0)

    def bias_rule(self, node: str, chance: float) -> Pod:
        """Have a node choose one of the pods, which is returned, with this chance; the others share what is left."""
        self.await_rules(self.nodes)  # nothing is left for kube-proxy to write, here or anywhere
        address = choice.change(self._bench.cluster.on_node, node, self._choice(node), chance)
        return next(pod for pod in self.pods if pod.ip == address.rpartition(":")[0])

    @contextmanager
    def _changing(self, name: str, then: Callable[[], None] = lambda: None) -> Iterator[None]:
        """Mark what the block does as a change, and settle after it; ``then`` waits for more before."""

        def settle() -> None:
            then()
            self._settle(self.nodes[0], quiet=QUIET)

        with self._marked(name, settle):
            yield

    @contextmanager
    def _marked(self, name: str, settle: Callable[[], None] = lambda: None, without: str = "") -> Iterator[None]:
        """Tell the load, if one is on, what the block changes; all pods but ``without`` (a UID) are to answer since.

        It is done once the watch has heard of the endpoints that it leads to: a node may have heard before, and answers from
        between the two would seem to be other pods' than the endpoints.
        """
        asked_ns = time.monotonic_ns()
        yield
        done_ns = time.monotonic_ns()
        settle()
        if self._under_load:
            done_ns = max(done_ns, self._endpoints.since_ns)
            self._under_load.changed(Made(name, asked_ns, done_ns, tuple(pod for pod in self.pods if pod.uid != without)))
