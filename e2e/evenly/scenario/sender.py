"""The load's program for a Service under test: started while its pods start, aimed at a door, and paced to what fits."""

import time
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from evenly.cluster import conntrack_flush
from evenly.cluster.engine import gateway
from evenly.errors import EvenlyError
from evenly.judge.law import Pick
from evenly.k8s import manifest, nodes, services
from evenly.k8s.pods import Pod
from evenly.k8s.senders.worker_pods import MANIFEST, WorkerPods
from evenly.k8s.wait import until
from evenly.load.client import preflight
from evenly.load.client.preflight import Fit
from evenly.load.client.process import NEW_CONNECTION, Locust
from evenly.load.distributed.meeting import Meeting
from evenly.load.pace import TRACKED_STAY_S, TRACKED_SWEEP_S
from evenly.load.plan import LoadPlan
from evenly.scenario.deploy import Deployed
from evenly.shipped import shipped


class Sending(Deployed):
    """A Service that loads can be sent through."""

    _locust: Locust | None = None  # that waits
    _worker_pods: WorkerPods | None = None  # of the newest load that pods send
    _newest: Locust | None = None  # that sends, or has sent
    _loads = 0
    _teams = 0  # of worker pods
    _began_s = 0.0  # of the test, or of what came after its last load

    @property
    def _load_id(self) -> str:
        run = self._bench.run
        return f"{run.run_id}.{len(run.record.scenarios) + 1}"

    @property
    def _usual_locustfile(self) -> str:
        return (not self._only_new_connections and self._bench.settings.locustfile) or NEW_CONNECTION

    @property
    def _only_new_connections(self) -> str:
        """Why each request must be on a connection of its own; "" where it need not be."""
        return "client pods make a connection for each request" if self._client_pods else ""

    @property
    def sent(self) -> int:
        """How many attempts of the newest load have ended, up to its last look."""
        return len(self._newest.rows) if self._newest else 0

    @property
    def worker_pods(self) -> tuple[Pod, ...]:
        """The pods that send the newest load that pods send, or have sent it; none without any."""
        return self._worker_pods.pods if self._worker_pods else ()

    def _set_up(self, stack: ExitStack) -> None:
        self._begin()
        # Locust's start-up takes place while the pods start
        usual = (self.nodes[0], self._usual_locustfile, self._bench.settings.clients)
        self._locust = self._started_locust(stack, *usual, inside=self._pods_may_send)
        super()._set_up(stack)

    @property
    def _pods_may_send(self) -> bool:
        """Whether worker pods are asked for; where the load comes through client pods, these are inside already."""
        return self._bench.settings.workers_in_cluster > 0 and not self._client_pods

    def _pods_send(self, pick: Pick = Pick.INDEPENDENT) -> bool:
        """Whether worker pods send a load that they can: where the Service looks at who asks, and whence, one client is to."""
        if not self._pods_may_send or pick is not Pick.INDEPENDENT:
            return False
        spec = services.read(self._service, self._namespace)
        policies = (spec.external_traffic_policy, spec.internal_traffic_policy)
        return not (spec.session_affinity == services.CLIENT_IP or spec.traffic_distribution or services.LOCAL in policies)

    def _settle(self, node: str, quiet: int = 0) -> None:
        """Wait at the gate, and for each node that worker pods are on: the rules of each lag behind in their own time."""
        super()._settle(node, quiet)
        if node == self.nodes[0] and self._settled.opened and self._pods_send():
            self.await_rules(nodes.for_pods(self._bench.api))

    def _begin(self) -> None:
        self._await_forgotten()
        self._began_s = time.monotonic()

    def _await_forgotten(self) -> None:
        """Give nodes that nobody gets onto the time to forget what an earlier load lost: this one would lose it again."""
        if left_s := self._bench.memory.left_s:
            with self._bench.run.progress.step("let the nodes forget what was lost", usually_s=left_s):
                time.sleep(left_s)

    def _paced(self, plan: LoadPlan, clients: int) -> LoadPlan:
        """Return the plan with a rate that this machine bears, where it does not bear the whole load at once."""
        fit = self._fit(plan, clients)
        if fit.rate_limit_per_s is None or fit.bears(plan.rate_per_s):
            return plan
        self._bench.run.progress.say(fit.sentence)
        return replace(plan, rate_per_s=fit.rate_limit_per_s)

    def _await_room(self, plan: LoadPlan, clients: int) -> None:
        """Wait until this machine bears a load at its own rate, but no longer than it remembers what earlier loads left."""

        def has_room() -> bool:
            try:
                return self._fit(plan, clients).bears(plan.rate_per_s)
            except EvenlyError:  # not even at a slower pace
                return False

        if not has_room():
            with self._bench.run.progress.step("let this machine forget earlier loads", usually_s=TRACKED_STAY_S):
                until(has_room, limit_s=TRACKED_STAY_S + TRACKED_SWEEP_S, every_s=1.0)

    def _fit(self, plan: LoadPlan, clients: int) -> Fit:
        limits, addresses = preflight.read_limits(), plan.addresses
        if plan.target and limits.tracked_free is not None:  # each node keeps a table of what its own pods send
            free = [conntrack_flush.free(self._bench.cluster, node) for node in self.nodes]
            limits = replace(limits, tracked_free=min(limits.tracked_free, *free))
            addresses = self._bench.settings.workers_in_cluster
        return preflight.fit(
            *(plan.cap, clients, limits), hold=plan.held, limit_s=preflight.LONGEST_PACED_S, addresses=addresses
        )

    def _locust_for_a_load(self, node: str, locustfile: str, clients: int, *, inside: bool = False) -> Locust:
        """Return the one that waits, if it goes where this load goes, or another in its place."""
        self._await_forgotten()
        waiting, self._locust = self._locust, None
        wanted = (self._doors[node], locustfile, clients, inside)
        if waiting and (waiting.target, waiting.locustfile, waiting.clients, bool(waiting.meeting)) != wanted:
            waiting.stop()
            self._loads -= 1
            waiting = None
        self._newest = locust = waiting or self._started_locust(self._stack, node, locustfile, clients, inside=inside)
        if inside and self._worker_pods:
            self._worker_pods.await_met(lambda: locust.met, in_vain=lambda: not locust.runs)
        return locust

    def _started_locust(self, stack: ExitStack, node: str, locustfile: str, clients: int, *, inside: bool) -> Locust:
        self._loads += 1
        folder = self._bench.run.evidence / (self._scenario.name + (f"_{self._loads}" if self._loads > 1 else ""))
        settings = self._bench.settings
        if inside:
            return self._started_with_pods(stack, folder, self._doors[node], clients)
        # what a test of its own sends with kept connections is one process's, whatever sends the others
        workers = settings.workers if locustfile in {NEW_CONNECTION, settings.locustfile} else 1
        return stack.enter_context(Locust(self._doors[node], folder, clients, locustfile, workers))

    def _started_with_pods(self, stack: ExitStack, folder: Path, door: str, clients: int) -> Locust:
        """Start a master and its worker pods; raises NotApplicableError on a cluster that was not made here."""
        bench, workers = self._bench, self._bench.settings.workers_in_cluster
        engine, image = bench.worker_image.in_nodes(bench.cluster, bench.api, bench.settings, bench.run)
        meeting = Meeting.at(gateway.address(engine))
        locust = stack.enter_context(Locust(door, folder, clients, NEW_CONNECTION, workers, meeting))
        self._teams += 1  # before the name, which is cut off where it is long
        self._worker_pods = pods = WorkerPods(bench.api, bench.run.run_id, f"workers-{self._teams}-{self._scenario.name}")
        stack.callback(pods.take_away)
        documents = manifest.read(shipped(f"manifests/{MANIFEST}"))
        pods.start(documents, image, shipped(NEW_CONNECTION), str(meeting), workers)
        return locust
