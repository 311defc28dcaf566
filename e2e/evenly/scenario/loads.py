"""The loads through a Service: each is sent, judged, and recorded in all reports."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace

from evenly import limits
from evenly.errors import EvenlyError, NotApplicableError
from evenly.judge.decide import Trial, decide
from evenly.judge.law import Law, Pick, uniform
from evenly.judge.share_rule import ShareRule
from evenly.judge.verdict import Cause
from evenly.k8s import nodes, services
from evenly.k8s.pods import in_namespace
from evenly.k8s.proxy_rules.sync import await_rules
from evenly.load.answer import ErrorKind
from evenly.load.client.process import NEW_CONNECTION, LocustProcess
from evenly.load.plan import LoadPlan, Summary
from evenly.results.schema import ScenarioRecord
from evenly.scenario.epochs import Change, changed_record
from evenly.scenario.observe import node_rules, observe
from evenly.scenario.outcome import Outcome, outcome
from evenly.scenario.record import Observed, Scenario, scenario_record
from evenly.scenario.sender import Order, Sender
from evenly.scenario.target import CONSECUTIVE_GOOD, Ledger, Target, settle_at_rest
from evenly.scenario.testbed import Testbed
from evenly.scenario.under_load import CLIENTS, LIMIT_S, RATE_PER_S, UnderLoad

LASTING = {ErrorKind.CONNECT_TIMEOUT, ErrorKind.RESPONSE_TIMEOUT}
"""What a node remembers of these goes on being lost; whatever was refused or reset it forgets at once."""

IN_VAIN = 5
"""Attempts that show how a Service without endpoints fails: a node refuses the first few, and leaves others to time out."""


class Loads:
    """The loads of one scenario, one after the other; ``began_s`` is when its first one was set up, for the time it takes."""

    def __init__(self, bed: Testbed, scenario: Scenario, target: Target, sender: Sender, began_s: float) -> None:
        self._bed = bed
        self._scenario = scenario
        self._target = target
        self._sender = sender
        self._began_s = began_s  # of the scenario, or of what came after its last load
        self._rules_are_for: object = None  # the ``settled`` for which worker pods' nodes were asked for their rules
        self._under_load: UnderLoad | None = None
        self._pods_changed = False  # by others than the test, since the pods settled

    def send(  # noqa: PLR0913 - what a test may say about its load
        self,
        must_catch: Cause | None = None,
        *,
        law: Law | None = None,
        through: str = "",
        sources: str = "",
        locustfile: str = "",
        to: str = "",
    ) -> Outcome:
        """Send counted connections until they are decisive, judge them, write all reports, and return the outcome.

        ``must_catch`` declares a negative control: the cause that must come out. ``law`` is over the pods, their names or
        UIDs; without one all share evenly. ``through`` is an entry point: a node, or a load balancer's name. A law over
        clients needs ``sources``, a network of this machine's with an address for each of them. ``locustfile`` is evenly's
        ``locustfiles/keep_alive.py``, or one of yours. ``to`` is where client pods connect to, the Service's ``dns_name`` or
        ``address``; without one to its name. They make a connection for each request, so such a load is always one of new
        connections. Worker pods, where a run has them, connect there, too, and send what needs neither an address of this
        machine nor one node's entry point, to a Service for which it is all the same where its clients are.
        On Ctrl-C what was seen until then is judged and recorded before the interrupt goes on.
        """
        settings, target = self._bed.settings, self._target
        self._settle_after_changes()
        law = self._over_uids(law) if law else uniform(target.settled.expected)
        rule = ShareRule(law, settings.alpha, settings.beta, settings.delta)
        order = self._order(law.pick, locustfile, through, sources)
        plan = self._plan(rule, order, sources, to)
        self._sender.check(plan, order)
        locust = self._sender.get(order)
        if through and through != target.entries.usual:  # that one has settled
            settle_at_rest(target, self._bed.cluster, through, CONSECUTIVE_GOOD)
        if order.in_cluster and self._rules_are_for is not target.settled:  # the rules of each node lag in their own time
            await_rules(target.ref.namespace, self._bed.cluster, nodes.for_pods(self._bed.api))
            self._rules_are_for = target.settled
        if plan.hold_s and must_catch is None:
            self._bed.run.progress.say(f"the load goes on for {plan.hold_s:g} s after PASS")
        with target.ledger(plan.run_id if locust.has_ids else "") as ledger:
            locust.release(plan)
            try:
                summary = locust.wait()
            except KeyboardInterrupt:
                locust.stop()
                with suppress(EvenlyError):  # it was Ctrl-C that ended this load, whatever else goes wrong with it
                    self._judge(rule, plan, self._observed(locust, locust.wait(), ledger), must_catch)
                raise
            return self._judge(rule, plan, self._observed(locust, summary, ledger), must_catch)

    @contextmanager
    def sustain(  # noqa: PLR0913 - a load, and how it is to be judged, each by its name
        self,
        must_catch: Cause | None = None,
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
        target = self._target
        self._settle_after_changes()
        law = uniform(target.settled.expected)
        plan = replace(
            LoadPlan.lasting(
                *(self._load_id, law), rate_per_s=rate_per_s, limit_s=limits.scaled(limit_s), errors_allowed=lost_allowed
            ),
            host=target.host(),
            identify=target.identify,
        )
        order = Order(target.entries.address(), locustfile, clients)
        self._sender.check(plan, order)
        locust = self._sender.get(order)
        with target.ledger(plan.run_id, pods_change=True) as ledger:
            self._under_load = load = UnderLoad(locust, plan, target)
            try:
                yield load
            except NotApplicableError:  # a load for nothing: it shows nothing that its test claims
                raise
            except BaseException:
                with suppress(EvenlyError):  # it was the scenario that ended this load, whatever else goes wrong with it
                    self._end(load, plan, locust, ledger, must_catch)
                raise
            self._end(load, plan, locust, ledger, must_catch)

    @contextmanager
    def change(self, name: str, settle: Callable[[], None] = lambda: None, without: str = "") -> Iterator[None]:
        """Mark what the block does as a change on the timeline of the load that is on; without a load, only ``settle``.

        From then on all pods but ``without`` (a UID) are expected to answer. It is done once the watch has heard of the
        endpoints that it leads to: a node may have heard before, and answers from between the two would seem to be other pods'
        than the endpoints.
        """
        asked_ns = time.monotonic_ns()
        yield
        done_ns = time.monotonic_ns()
        settle()
        if self._under_load:
            done_ns = max(done_ns, self._target.endpoints.since_ns)
            pods = tuple(pod for pod in self._target.settled.expected if pod.uid != without)
            self._under_load.changed(Change(name, asked_ns, done_ns, pods))

    @property
    def _load_id(self) -> str:
        return f"{self._bed.run.run_id}.{len(self._bed.run.record.scenarios) + 1}"

    def _settle_after_changes(self) -> None:
        if self._pods_changed:
            settle_at_rest(self._target, self._bed.cluster)
            self._pods_changed = False

    def _order(self, pick: Pick, locustfile: str, through: str, sources: str) -> Order:
        settings, target = self._bed.settings, self._target
        if locustfile and target.new_connections_only:
            raise EvenlyError(f"{target.new_connections_only}, whatever {locustfile} does", "leave it out")
        locustfile = locustfile or (not target.new_connections_only and settings.locustfile) or NEW_CONNECTION
        in_cluster = not (through or sources) and self._pods_send(locustfile, pick)
        return Order(target.entries.address(through), locustfile, settings.clients, in_cluster)

    def _plan(self, rule: ShareRule, order: Order, sources: str, to: str) -> LoadPlan:
        settings, target = self._bed.settings, self._target
        plan = LoadPlan.of(
            *(self._load_id, rule),
            sources=sources,
            hold_s=settings.hold,
            rate_per_s=settings.rate,
            host="" if order.in_cluster else target.host(to),
        )
        inside = (to or target.ref.inside().name) if order.in_cluster else ""
        least = plan.least_after_fail if target.endpoints.ready else IN_VAIN
        return replace(plan, target=inside, identify=target.identify, least_after_fail=least)

    def _over_uids(self, law: Law) -> Law:
        """Return a law with UIDs in the place of pods' names; raises EvenlyError for a pod that there is not."""
        home, expected = self._target.ref.namespace, self._target.settled.expected
        uids = {name: pod.uid for pod in (*expected, *in_namespace(home)) for name in (pod.uid, pod.name)}
        if unknown := [key for key in law.shares if key not in uids]:
            raise EvenlyError(
                f"the law gives a share to {unknown[0]}, and there is no such pod in {home.name}",
                f"name pods by their name or UID, or hand them over; there are {', '.join(pod.name for pod in expected)}",
            )
        return replace(law, shares={uids[key]: share for key, share in law.shares.items()})

    def _pods_send(self, locustfile: str, pick: Pick) -> bool:
        """Whether worker pods send a load that they can: where the Service looks at who asks, and whence, one client is to."""
        if not self._bed.settings.workers_in_cluster or self._target.clients or locustfile != NEW_CONNECTION:
            return False
        spec = self._target.ref.spec()
        policies = (spec.external_traffic_policy, spec.internal_traffic_policy)
        looks = spec.session_affinity == services.CLIENT_IP or spec.traffic_distribution or services.LOCAL in policies
        return pick is Pick.INDEPENDENT and not looks

    def _observed(self, locust: LocustProcess, summary: Summary, ledger: Ledger) -> Observed:
        workers = self._sender.worker_pods if locust.meeting else ()
        return observe(self._target, self._scenario, locust, summary, ledger, workers)

    def _judge(self, rule: ShareRule, plan: LoadPlan, observed: Observed, must_catch: Cause | None) -> Outcome:
        """Judge a load that has ended, and write it into all reports."""
        judgement = decide(
            Trial(
                rule,
                plan.cap,
                observed.answers,
                observed.reconciled.discrepancies,
                tuple(reading.ready for reading in observed.endpoints),
                prelude=observed.summary.prelude,
                clients=[plan.source(row.number) for row in observed.choices],
            )
        )
        uneven = judgement.verdict.cause is Cause.SHARES
        entry = observed.setting.entry_node
        rules = node_rules(self._bed.cluster, self._target, entry) if uneven else {}
        seconds = time.monotonic() - self._began_s
        return self._recorded(scenario_record(observed, judgement, plan, must_catch, seconds, rules=rules), observed)

    def _end(self, load: UnderLoad, plan: LoadPlan, locust: LocustProcess, ledger: Ledger, must_catch: Cause | None) -> None:
        """End a load under which pods changed, judge it, and write it into all reports."""
        self._under_load = None
        observed = self._observed(locust, load.end(), ledger)
        if any(row.error for row in observed.reconciled.rows):
            entries = self._target.entries
            self._bed.cluster.forget_connections([entries.usual], entries.node_port)
        record = changed_record(observed, load.changes, plan, must_catch, time.monotonic() - self._began_s)
        load.recorded(self._recorded(record, observed))
        self._pods_changed = load.others_changed_pods

    def _recorded(self, record: ScenarioRecord, observed: Observed) -> Outcome:
        found = recorded(self._bed, record, observed)
        self._began_s = time.monotonic()  # of what comes next
        return found


def recorded(bed: Testbed, record: ScenarioRecord, observed: Observed) -> Outcome:
    """Write a judged load into all reports, and return its outcome."""
    bed.run.add(record, observed.reconciled)
    if LASTING & record.reconciliation.errors.keys():
        bed.cluster.note_losses()
    return outcome(record, bed.run)
