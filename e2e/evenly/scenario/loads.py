"""The loads through a Service: each is sent, judged, and recorded in all reports."""

import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace

from evenly.cluster.host.ports import NODE_PORT
from evenly.errors import EvenlyError
from evenly.judge.decide import Trial, decide
from evenly.judge.law import Law, uniform
from evenly.judge.share import ShareRule
from evenly.judge.verdict import Cause
from evenly.k8s import services
from evenly.k8s.pods import explained, in_namespace
from evenly.k8s.proxy_rules import choice
from evenly.k8s.proxy_rules.rules import Choice
from evenly.k8s.senders import client_pods
from evenly.k8s.traffic_distribution import preferred
from evenly.load.answer import ErrorKind
from evenly.load.client.process import HTML_FILE, KEPT, LOG_FILE, NEW_CONNECTION, Locust
from evenly.load.plan import LoadPlan, Summary
from evenly.results.schema import ScenarioRecord
from evenly.scenario.deploy import QUIET
from evenly.scenario.outcome import Outcome, outcome
from evenly.scenario.pod_logs import Accounts, Believed, FollowedAccounts
from evenly.scenario.record import Observed, Setting, scenario_record
from evenly.scenario.sender import Sending

LASTING = {ErrorKind.CONNECT_TIMEOUT, ErrorKind.RESPONSE_TIMEOUT}
"""What a node remembers of these goes on being lost; whatever was refused or reset it forgets at once."""

IN_VAIN = 5
"""Attempts that show how a Service without endpoints fails: a node refuses the first few, and leaves others to time out."""


class Loading(Sending):
    """A Service whose pods stay as they are while a load goes through it."""

    _node_port = NODE_PORT

    def load(  # noqa: PLR0913 - what a test may say about its load
        self,
        control: Cause | None = None,
        *,
        law: Law | None = None,
        through: str = "",
        sources: str = "",
        locustfile: str = "",
        to: str = "",
    ) -> Outcome:
        """Send counted connections until they are decisive, judge them, write all reports, and return the outcome.

        ``control`` declares a negative control: the cause that must come out. ``law`` is over the pods' UIDs; without one all
        ``pods`` share evenly. ``through`` is one of ``nodes``, or names a door that was added. A law over clients needs
        ``sources``, a network of this machine's with an address for each of them. ``locustfile`` is evenly's
        ``locustfiles/keep_alive.py``, or one of yours. ``to`` is where client pods connect to, the Service's ``dns_name`` or
        ``address``; without one to its name. They make a connection for each request, so such a load is always one of new
        connections. Worker pods, where a run has them, connect there, too, and send what needs neither an address of this
        machine nor the door of one node, to a Service for which it is all the same where its clients are.
        On Ctrl-C what was seen until then is judged and recorded before the interrupt goes on.
        """
        run, settings = self._bench.run, self._bench.settings
        if locustfile and self._only_new_connections:
            raise EvenlyError(f"{self._only_new_connections}, whatever {locustfile} does", "leave it out")
        locustfile = locustfile or self._usual_locustfile
        law = law or uniform(pod.uid for pod in self.pods)
        inside = not (through or sources) and locustfile == NEW_CONNECTION and self._pods_send(law.pick)
        rule = ShareRule(law, settings.alpha, settings.beta, settings.delta)
        plan = LoadPlan.of(
            *(self._load_id, rule),
            sources=sources,
            hold_s=settings.hold,
            rate_per_s=settings.rate,
            host="" if inside else self._host(to),
        )
        if inside:
            plan = replace(plan, target=to or self.dns_name)
        plan = self._paced(self._addressed(plan), settings.clients)
        if not self._endpoints.ready:
            plan = replace(plan, least_after_fail=IN_VAIN)
        node = through or self.nodes[0]
        locust = self._locust_for_a_load(node, locustfile, settings.clients, inside=inside)
        if node != self.nodes[0]:  # that one has settled
            self._settle_at_rest(node, quiet=QUIET)
        accounts = self._accounts(plan, locust)
        if plan.hold_s and control is None:
            run.progress.say(f"the load goes on for {plan.hold_s:g} s after PASS")
        locust.release(plan)
        try:
            summary = locust.wait()
        except KeyboardInterrupt:
            locust.stop()
            with suppress(EvenlyError):  # it was Ctrl-C that ended this load, whatever else goes wrong with it
                self._judge(rule, plan, self._observe(locust.wait(), locust, accounts), control)
            raise
        return outcome(self._judge(rule, plan, self._observe(summary, locust, accounts), control), run)

    def _addressed(self, plan: LoadPlan) -> LoadPlan:
        """Say in the plan how the backend is spoken to, where it is not evenly's own."""
        return plan

    def _accounts(self, plan: LoadPlan, locust: Locust) -> Accounts | Believed:
        """Open the accounts that the load's rows are joined with."""
        return Accounts(self._namespace, self.pods, ids=plan.run_id if locust.has_ids else "")

    def _added(self, record: ScenarioRecord, observed: Observed) -> ScenarioRecord:
        """Write a judged load into all reports."""
        self._bench.run.add(record, observed.books)
        if not self._bench.cluster.kind and LASTING & record.books.errors.keys():
            self._bench.memory.lost()
        self._began_s = time.monotonic()  # of what comes next
        return record

    def _judge(self, rule: ShareRule, plan: LoadPlan, observed: Observed, control: Cause | None) -> ScenarioRecord:
        """Judge a load that has ended, and write it into all reports."""
        ready = tuple(reading.ready for reading in observed.endpoints)
        judgement = decide(
            Trial(
                rule,
                plan.cap,
                observed.answers,
                observed.books.discrepancies,
                ready,
                prelude=observed.summary.prelude,
                clients=[plan.source(row.number) for row in observed.choices],
            )
        )
        uneven = judgement.verdict.cause is Cause.SHARES
        record = scenario_record(
            *(observed, judgement, plan, control, time.monotonic() - self._began_s),
            rules=self._rules_read(observed.setting.entry_node) if uneven else {},
        )
        return self._added(record, observed)

    def _observe(self, summary: Summary, locust: Locust, accounts: Accounts | FollowedAccounts | Believed) -> Observed:
        """Ask the cluster and the pods' logs about the load that has just ended."""
        entry = self._entry(next((node for node in self.nodes if self._doors[node] == locust.target), ""))
        senders = self.worker_pods if locust.meeting else ()
        if len(nodes := {pod.node for pod in senders}) == 1:
            entry = nodes.pop()
        spec = services.read(self._service, self._namespace)
        endpoints = self._endpoints.readings(summary.t0_ns)
        now = tuple(explained(self._namespace, pod) for pod in in_namespace(self._namespace))
        return Observed(
            scenario=replace(self._scenario, name=locust.folder.name),
            setting=Setting(
                service=self._service,
                namespace=self._namespace.name,
                manifests=(*self._files, *([client_pods.MANIFEST] if self._clients else [])),
                target=client_pods.seen_from(self._clients, locust.host)
                or client_pods.seen_from(senders, locust.target, "worker pod")
                or locust.target,
                entry_node=entry,
                clients=locust.clients,
                locustfile=locust.locustfile,
                converged=self._settled.opened,
                spec=spec,
                near=preferred(spec.traffic_distribution, entry, self.pods, self.zones),
            ),
            expected=self.pods,
            pods_afterwards=now,
            endpoints=endpoints,
            summary=summary,
            books=accounts.books(locust.rows, now, kept=locust.locustfile in KEPT).without(summary.lost),
            evidence=tuple(f"evidence/{locust.folder.name}/{file}" for file in (HTML_FILE, LOG_FILE)),
        )

    def _choice(self, node: str) -> Choice | None:
        """Read how a node's own rules choose a pod for what comes to its door."""
        ports = services.read(self._service, self._namespace).ports
        port = next((port.name for port in ports if port.node_port == self._node_port), "")
        return choice.read(self._bench.cluster.on_node, node, self._namespace.name, self._service, port)

    def _rules_read(self, entry: str) -> dict[str, Mapping[str, float]]:
        """Return what the rules of each node give to whom, the entry's first; nothing where they cannot be read."""
        found: dict[str, Mapping[str, float]] = {}
        with suppress(EvenlyError):  # evidence: the verdict stands without it, as on a cluster whose nodes nobody gets onto
            for node in sorted(self.nodes, key=lambda node: node != entry):
                if chosen := self._choice(node):
                    found[node] = chosen.shares
        return found
