"""What sends the loads of one scenario: Locust, started while the pods start, here or with pods that it sends by."""

from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Self

from evenly.k8s import manifest, nodes
from evenly.k8s.pods import Pod
from evenly.k8s.senders.worker_pods import MANIFEST, WorkerPods
from evenly.load.client import preflight
from evenly.load.client.process import NEW_CONNECTION, LocustProcess
from evenly.load.distributed.meeting import Meeting
from evenly.load.plan import LoadPlan
from evenly.scenario.testbed import Testbed
from evenly.shipped import shipped


@dataclass(frozen=True, slots=True)
class Order:
    """Where a load goes, what its users do, how many there are, and whether pods of the cluster are to send it."""

    address: str
    locustfile: str
    clients: int
    in_cluster: bool = False


class Sender(AbstractContextManager["Sender"]):
    """Has a Locust ready when a load is ordered; as a context manager it ends all that it has started.

    ``name`` is that of the folders which loads leave their files in.
    """

    def __init__(self, bed: Testbed, name: str) -> None:
        self._bed = bed
        self._name = name
        self._stack = ExitStack()
        self._waiting: tuple[Order, LocustProcess] | None = None
        self._newest: LocustProcess | None = None
        self._workers: WorkerPods | None = None  # of the newest load that pods send
        self._loads = 0
        self._teams = 0  # of worker pods

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stack.close()

    def __enter__(self) -> Self:
        return self

    @property
    def sent(self) -> int:
        """How many attempts of the newest load have ended, up to its last look."""
        return len(self._newest.rows) if self._newest else 0

    @property
    def worker_pods(self) -> tuple[Pod, ...]:
        """The pods that send the newest load that pods send, or have sent it; none without any."""
        return self._workers.pods if self._workers else ()

    def warm_up(self, order: Order) -> None:
        """Start what this order needs, which takes Locust a second, beside whatever the caller does until ``get``."""
        self._waiting = order, self._started(order)

    def get(self, order: Order) -> LocustProcess:
        """Return a Locust that waits for its plan: the one that was warmed up where it fits, else another in its place."""
        self._bed.cluster.await_forgotten(self._bed.run.progress)
        waiting, self._waiting = self._waiting, None
        if waiting and waiting[0] != order:
            waiting[1].stop()
            waiting = None
        self._newest = locust = waiting[1] if waiting else self._started(order)
        self._loads += 1
        if order.in_cluster and self._workers:
            self._workers.await_met(lambda: locust.met, in_vain=lambda: not locust.runs)
        return locust

    def check(self, plan: LoadPlan, order: Order) -> None:
        """Raise EvenlyError, which suggests a rate, where this machine, or the nodes of worker pods, cannot bear the load."""
        limits, addresses = preflight.read_limits(), plan.addresses
        if order.in_cluster and limits.tracked_free is not None:  # each node keeps a table of what its own pods send
            free = self._bed.cluster.free_conntrack_entries(list(self._bed.cluster.entries))
            limits = replace(limits, tracked_free=min(limits.tracked_free, free))
            addresses = self._bed.settings.workers_in_cluster
        preflight.check(plan.cap, order.clients, limits, hold=plan.held, rate_per_s=plan.rate_per_s, addresses=addresses)

    def _started(self, order: Order) -> LocustProcess:
        folder = self._bed.run.evidence / (self._name + (f"_{self._loads + 1}" if self._loads else ""))
        settings = self._bed.settings
        if order.in_cluster:
            meeting = Meeting.at(self._bed.cluster.gateway())
            image = self._worker_image()
            workers = settings.workers_in_cluster
            locust = self._stack.enter_context(
                LocustProcess(order.address, folder, order.clients, NEW_CONNECTION, workers, meeting)
            )
            self._start_worker_pods(image, meeting)
            return locust
        # what a test of its own sends with kept connections is one process's, whatever sends the others
        workers = settings.workers if order.locustfile in {NEW_CONNECTION, settings.locustfile} else 1
        return self._stack.enter_context(LocustProcess(order.address, folder, order.clients, order.locustfile, workers))

    def _worker_image(self) -> str:
        """Have the nodes that take pods hold the image of worker pods; NotApplicableError on a cluster not made here."""
        image = self._bed.cluster.load_worker_image(nodes.for_pods(self._bed.api), self._bed.run.progress)
        self._bed.run.describe({"Worker pods": f"image {image}"})
        return image

    def _start_worker_pods(self, image: str, meeting: Meeting) -> None:
        self._teams += 1  # before the name, which is cut off where it is long
        self._workers = pods = WorkerPods(self._bed.api, self._bed.run.run_id, f"workers-{self._teams}-{self._name}")
        self._stack.callback(pods.take_away)
        documents = manifest.read(shipped(f"manifests/{MANIFEST}"))
        pods.start(documents, image, shipped(NEW_CONNECTION), str(meeting), self._bed.settings.workers_in_cluster)
