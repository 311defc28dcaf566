"""The line itself: a Service under test, from its manifest to a recorded verdict; the only place where the rooms meet."""

import os
import platform
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Self

from kubernetes.client import ApiClient

from evenly.cluster import Cluster, records
from evenly.cluster.api import connect, data_plane
from evenly.cluster.doors import NODE_PORT
from evenly.errors import EvenlyError
from evenly.judge.decide import Trial, decide
from evenly.judge.law import uniform
from evenly.judge.plan import cap
from evenly.judge.share import ShareRule
from evenly.judge.verdict import Cause
from evenly.load import preflight
from evenly.load.ledger import join
from evenly.load.plan import LoadPlan, Summary
from evenly.load.run import HTML_FILE, LOG_FILE, Locust
from evenly.observed import Observed, Scenario, Setting, rule_record, scenario_record
from evenly.outcome import Outcome, outcome
from evenly.report.result import ScenarioRecord
from evenly.run import Run
from evenly.settings import Settings
from evenly.shipped import shipped
from evenly.workload import changes, logs, manifest, namespace, nodes
from evenly.workload.ask import prober
from evenly.workload.converge import Declared, converge
from evenly.workload.endpoints import EndpointsWatch
from evenly.workload.pods import Pod, explained, in_namespace

IMAGE_IN_MANIFESTS = "nginx:1.26"

Apply = Callable[[Sequence[manifest.Document], namespace.Namespace], None]


@dataclass(frozen=True, slots=True)
class Bench:
    """What every scenario of a run stands on."""

    cluster: Cluster
    api: ApiClient
    run: Run
    settings: Settings

    @classmethod
    def of(cls, cluster: Cluster, run: Run, settings: Settings) -> Self:
        """Connect to the cluster, wait for the nodes of one made here, and tell the run where it takes place."""
        ours = records.certificates(cluster.kubeconfig) if cluster.kind else None
        api = connect(cluster.kubeconfig, cluster.context, ours)
        if cluster.kind:
            with run.progress.step("wait for the nodes", usually_s=3):
                nodes.await_ready(api)
            for left in namespace.of_earlier_runs(api):  # of a run that was killed, or that left them to be looked at
                run.progress.say(f"removing the namespace {left.name}, which an earlier run left in this cluster")
                namespace.take_away(left)
        run.describe(
            {
                "Cluster": cluster.description,
                "Kubernetes": f"{cluster.versions['kubernetes']}, {data_plane(api)}",
                "Host": f"{platform.system()} {platform.release()}, {os.cpu_count()} CPUs",
            }
        )
        return cls(cluster, api, run, settings)


class ServiceUnderTest:
    """A Service in a namespace of its own: applied and, unless its gate stays shut, settled when the ``with`` block begins.

    ``files`` are manifests: the backend's, the Service's, and what is put beside them. The first Deployment's pods are the
    expected ones, and ``apply`` puts the objects into the namespace. Leaving the block takes everything away again, unless
    ``leave`` was called; the namespace goes in the background.
    """

    def __init__(self, bench: Bench, scenario: Scenario, files: tuple[str, ...], apply: Apply = namespace.apply) -> None:
        self._bench = bench
        self._scenario = scenario
        self._files = files
        self._apply = apply
        self._stack = ExitStack()
        self._loads = 0
        self._left = False

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self._set_up(stack)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stack.close()

    @property
    def pods(self) -> tuple[Pod, ...]:
        """The pods that are expected to answer, by name."""
        return self._settled.expected

    def leave(self) -> None:
        """Leave the Service and its pods in the cluster; the next run on it takes them away."""
        self._left = True

    def make_unready(self, pod: Pod) -> None:
        """Take a pod out of the Service without stopping it."""
        changes.make_unready(self._namespace, pod, self._endpoints)

    def load(self, control: Cause | None = None) -> Outcome:
        """Send counted connections until they are decisive, judge them, write all reports, and return the outcome.

        ``control`` declares a negative control: the cause that must come out. On Ctrl-C what was seen until then is judged
        and recorded before the interrupt goes on.
        """
        run, settings = self._bench.run, self._bench.settings
        rule = ShareRule(uniform(pod.uid for pod in self.pods), settings.alpha, settings.beta, settings.delta)
        plan = LoadPlan(f"{run.run_id}.{len(run.record.scenarios) + 1}", rule.law, cap(rule), rule.alpha, rule.beta, rule.delta)
        preflight.check(plan.cap, settings.clients)
        locust = self._locust_for_a_load()
        locust.release(plan)
        try:
            summary = locust.wait()
        except KeyboardInterrupt:
            locust.stop()
            with suppress(EvenlyError):  # it was Ctrl-C that ended this load, whatever else goes wrong with it
                self._judge(rule, plan, locust, locust.wait(), control)
            raise
        return outcome(self._judge(rule, plan, locust, summary, control), run)

    def _judge(
        self, rule: ShareRule, plan: LoadPlan, locust: Locust, summary: Summary, control: Cause | None
    ) -> ScenarioRecord:
        """Judge a load that has ended, and write it into all reports."""
        observed = self._observe(plan, summary, locust)
        ready = tuple(reading.ready for reading in observed.endpoints)
        judgement = decide(
            Trial(rule, plan.cap, observed.answers, observed.books.discrepancies, ready, prelude=summary.prelude)
        )
        record = scenario_record(observed, judgement, rule_record(rule, plan), control, time.monotonic() - self._began_s)
        self._bench.run.add(record, observed.books)
        return record

    def _set_up(self, stack: ExitStack) -> None:
        """Put everything into the cluster and wait at the gate; ``stack`` takes it away again."""
        self._began_s = time.monotonic()
        bench = self._bench
        documents = [document for file in self._files for document in manifest.read(_path_of(file))]
        source = " and ".join(self._files)
        declared = Declared.of(documents, source)
        self._service = declared.service
        self._entry_node, self._target = bench.cluster.doors[0]
        self._locust: Locust | None = self._started_locust(stack)  # its start-up takes place while the pods start
        self._namespace = namespace.create(bench.api, bench.run.run_id, self._scenario.name)
        stack.callback(self._take_away, namespace.delete, self._namespace)
        self._endpoints = stack.enter_context(EndpointsWatch(self._namespace, self._service))
        # the next one may need its node port
        stack.callback(self._take_away, namespace.delete_service, self._service, self._namespace)
        image = bench.cluster.backend_image or IMAGE_IN_MANIFESTS
        self._apply(manifest.with_image(documents, IMAGE_IN_MANIFESTS, image), self._namespace)
        # only now: where a field is mistyped, the API server's own words are the better ones
        manifest.check_way_in(manifest.only(documents, "Service", source), NODE_PORT, source)
        self._settled = converge(
            self._namespace,
            declared,
            self._endpoints,
            prober(self._target),
            limit_s=bench.settings.converge_s,
            tell=bench.run.progress.say,
        )

    def _take_away(self, delete: Callable[..., None], *what: object) -> None:
        if not self._left:
            delete(*what)

    def _locust_for_a_load(self) -> Locust:
        waiting, self._locust = self._locust, None
        return waiting or self._started_locust(self._stack)

    def _started_locust(self, stack: ExitStack) -> Locust:
        self._loads += 1
        folder = self._bench.run.evidence / (self._scenario.name + (f"_{self._loads}" if self._loads > 1 else ""))
        return stack.enter_context(Locust(self._target, folder, self._bench.settings.clients))

    def _observe(self, plan: LoadPlan, summary: Summary, locust: Locust) -> Observed:
        """Ask the cluster and the pods' logs about the load that has just ended."""
        rows = locust.rows
        endpoints = self._endpoints.readings(summary.t0_ns)
        now = tuple(explained(self._namespace, pod) for pod in in_namespace(self._namespace))
        answered = Counter(row.uid for row in rows)
        lines = logs.read(self._namespace, now, wanted=answered, mark=f"{plan.run_id}/")
        known = {pod.uid: lines.get(pod.uid) for pod in (*self.pods, *now)}
        return Observed(
            scenario=replace(self._scenario, name=locust.folder.name),
            setting=Setting(
                service=self._service,
                namespace=self._namespace.name,
                manifests=self._files,
                target=self._target,
                entry_node=self._entry_node,
                clients=self._bench.settings.clients,
                converged=self._settled.opened,
                **namespace.service_policies(self._service, self._namespace),
            ),
            expected=self.pods,
            pods_afterwards=now,
            endpoints=endpoints,
            summary=summary,
            books=join(rows, known, plan.run_id),
            evidence=tuple(f"evidence/{locust.folder.name}/{file}" for file in (HTML_FILE, LOG_FILE)),
        )


def _path_of(file: str) -> Path:
    """Return a manifest's path: as it is named from where the tests run, else one of evenly's own."""
    return Path(file) if Path(file).exists() else shipped(f"manifests/{file}")
