"""The line itself: a Service under test, from its manifest to a recorded verdict; the only place where the rooms meet."""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial

from evenly.cluster import conntrack_flush
from evenly.cluster.host.ports import NODE_PORT
from evenly.errors import EvenlyError, NotApplicableError
from evenly.judge.law import uniform
from evenly.judge.verdict import Cause
from evenly.k8s.request_path.path import Path
from evenly.k8s.request_path.trace import Entry, trace
from evenly.load.client.process import NEW_CONNECTION, Locust
from evenly.load.plan import LoadPlan
from evenly.scenario.changing import Changing
from evenly.scenario.epochs import changed_record
from evenly.scenario.outcome import outcome
from evenly.scenario.pod_logs import FollowedAccounts
from evenly.scenario.under_load import CLIENTS, LIMIT_S, RATE_PER_S, UnderLoad


class ServiceUnderTest(Changing):
    """A Service that a scenario has made: loads go through it while its pods stay, or while they change."""

    @contextmanager
    def under_load(  # noqa: PLR0913 - a load, and how it is to be judged, each by its name
        self,
        control: Cause | None = None,
        *,
        lost_allowed: int = 0,
        rate_per_s: float = RATE_PER_S,
        limit_s: float = LIMIT_S,
        clients: int = CLIENTS,
        locustfile: str = NEW_CONNECTION,
    ) -> Iterator[UnderLoad]:
        """Keep up a constant rate of attempts while the ``with`` block changes the pods; then judge and record it all.

        Each set of pods is judged by itself, from when the Service has settled on it; ``lost_allowed`` is how many attempts
        may have no answer over all. Raises EvenlyError where the block takes longer than ``limit_s``.
        """
        law = uniform(pod.uid for pod in self.pods)
        whole = LoadPlan.lasting(self._load_id, law, rate_per_s=rate_per_s, limit_s=limit_s, errors_allowed=lost_allowed)
        self._await_room(whole, clients)  # slower than the changes it would decide nothing
        plan = self._paced(whole, clients)
        locust = self._locust_for_a_load(self.nodes[0], locustfile, clients)
        with FollowedAccounts(self._namespace, plan.run_id) as accounts:
            self._under_load = load = UnderLoad(locust, plan, self.pods)
            try:
                yield load
            except NotApplicableError:  # a load for nothing: it shows nothing that its test claims
                raise
            except BaseException:
                with suppress(EvenlyError):  # it was the scenario that ended this load, whatever else goes wrong with it
                    self._end_of(load, plan, locust, accounts, control)
                raise
            self._end_of(load, plan, locust, accounts, control)

    def _end_of(
        self, load: UnderLoad, plan: LoadPlan, locust: Locust, accounts: FollowedAccounts, control: Cause | None
    ) -> None:
        """End a load under which pods changed, judge it, and write it into all reports."""
        self._under_load = None
        summary = load.end()
        if self._bench.cluster.kind and any(row.error for row in locust.rows):
            conntrack_flush.forget(self._bench.cluster, self.nodes[0], NODE_PORT)
        observed = self._observe(summary, locust, accounts)
        record = changed_record(observed, load.made, plan, control, time.monotonic() - self._began_s)
        load.recorded(outcome(self._added(record, observed), self._bench.run))

    def trace(self) -> Path:
        """Send one request through the first node, and return the way that it took."""
        node = self.nodes[0]
        entry = Entry(node, self._doors[node], NODE_PORT, partial(self._bench.cluster.on_node, node))
        return trace(self._namespace, self._service, self.pods, entry)
