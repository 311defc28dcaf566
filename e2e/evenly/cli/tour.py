"""The guided tour behind `make try`: the tutorial on Services, step by step, on a cluster that stays afterwards."""

import shutil
import signal
from collections.abc import Sequence
from dataclasses import dataclass

import yaml
from rich.console import Console
from rich.text import Text

from evenly.cluster import Cluster, ClusterOptions
from evenly.errors import EvenlyError
from evenly.judge.verdict import Word
from evenly.k8s.manifest import Document
from evenly.k8s.namespace import Namespace
from evenly.process import ProgramError
from evenly.progress import Progress
from evenly.scenario.deploy import Files
from evenly.scenario.outcome import Outcome
from evenly.scenario.record import Scenario
from evenly.scenario.run import begin
from evenly.scenario.service import ServiceUnderTest, service_under_test
from evenly.scenario.terminal import curl
from evenly.scenario.testbed import made_here
from evenly.settings import Settings
from evenly.shipped import shipped

COMMAND = "make try"
BACKEND, SERVICE, AS_PRINTED = "backend.yaml", "spring-service.yaml", "spring-service-as-printed.yaml"
CLAIM = "A NodePort Service spreads new connections evenly over its ready pods."

STEPS = 6
REQUESTS = 6
BAR_WIDTH = 40

WELCOME = """\
A Service takes connections at one address and spreads them over its pods. This tour brings up a small Kubernetes, \
follows a tutorial's steps, and then measures whether the spread is even: about a minute, once the images are there.

nginx stands in for the tutorial's Spring Boot app: a Service sees connections, never the program behind them.
127.0.0.1 stands in for a node's address: the port 30000 of each node is mapped there, to 30000, 30001 and 30002.
A local HAProxy in front of those ports would stand in for a cloud's load balancer; the tour goes without one."""


def tour(settings: Settings) -> Word:
    """Take the tour and return what was found of the spread; cluster and Service stay until `make down`.

    Raises EvenlyError where a step comes out otherwise than the tutorial says.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # it is to end as Ctrl-C does
    console = Console(highlight=False)
    console.print(WELCOME)
    progress = Progress(console)
    record = begin(settings.reports, COMMAND, progress)
    config = shipped("manifests/kind.yaml")
    options = ClusterOptions(record.run_id, settings.cache, config, settings.cluster_from, settings.proxy_mode, keep=True)
    _step(console, 1, "A cluster: one control plane and two workers, each a container on this machine")
    with made_here(options, record, settings) as bed:
        tutorial = Tutorial(console, bed.cluster)
        target = next(iter(bed.cluster.entries.values()))
        scenario = Scenario("tour", test=COMMAND, claim=CLAIM)
        with service_under_test(bed, scenario, Files((BACKEND, SERVICE)), apply=tutorial.apply) as svc:
            tutorial.access(target)
            tutorial.measure(svc)
            svc.leave()
    _part(console, target)
    return record.record.word


@dataclass(frozen=True, slots=True)
class Tutorial:
    """The tutorial's steps, each as a command that a person would type, and what came back."""

    console: Console
    cluster: Cluster

    def apply(self, documents: Sequence[Document], namespace: Namespace) -> None:
        """Apply the backend, the manifest as printed, which must be refused, and the corrected one."""
        service = [document for document in documents if document["kind"] == "Service"]
        backend = [document for document in documents if document["kind"] != "Service"]
        _step(self.console, 2, "Three pods that say who they are")
        self.console.print(f"All of it goes into a namespace of its own: add -n {namespace.name} to each kubectl.")
        self._kubectl(namespace, f"apply -f - < manifests/{BACKEND}", yaml.safe_dump_all(backend))
        _step(self.console, 3, "The Service, as the tutorial prints it")
        try:
            self._kubectl(namespace, f"apply -f - < manifests/{AS_PRINTED}", shipped(f"manifests/{AS_PRINTED}").read_text())
        except ProgramError as refused:
            _came_back(self.console, refused.stderr)
        else:
            raise EvenlyError("the manifest with the typo was taken", f"look at nordPort in manifests/{AS_PRINTED}")
        self.console.print(
            "nordPort is a typo. Checked strictly, as kubectl does, it is an error that names the field. Unchecked, the line "
            "would be dropped, and the Service would get a port by chance."
        )
        _step(self.console, 4, "The Service with one letter corrected: nodePort")
        self._kubectl(namespace, f"apply -f - < manifests/{SERVICE}", yaml.safe_dump_all(service))
        self._kubectl(namespace, f"get service {service[0]['metadata']['name']}")
        self.console.print("8080:30000 is the way: port 30000 of any node leads to port 8080 of the Service, and on to a pod.")

    def access(self, target: str) -> None:
        """Ask on new connections, which reach different pods, and on a kept one, which does not."""
        _step(self.console, 5, "Access it")
        new = [self._curl(target, 1)[0] for _ in range(REQUESTS)]
        self.console.print("Each curl was a connection of its own, and for each the Service picked a pod by chance.\n")
        kept = self._curl(target, REQUESTS)
        self.console.print(
            "That was one curl with six requests on one connection. The Service picks a pod when a connection is opened; "
            "a client that keeps its connection, as browsers and HTTP libraries do, stays with its pod."
        )
        if len({answer.split()[0] for answer in kept}) != 1:
            raise EvenlyError(f"one connection reached several pods: {', '.join(kept)}", "see what stands in between")
        if len({answer.split()[0] for answer in new}) == 1:  # once in 243 tours
            self.console.print("All six new connections met the same pod: chance does that once in 243 times. Read on.")

    def measure(self, svc: ServiceUnderTest) -> None:
        """Send a load, and show each pod's share and the verdict."""
        _step(self.console, 6, "Is it even?")
        self.console.print("Six connections cannot tell. Locust now opens new ones until the counts are decisive:\n")
        outcome = svc.load()
        self.console.print(*_bars(outcome), "", outcome.explanation, sep="\n", markup=False)
        self.console.print(f"\nThe report, with pictures, for your browser:\n  {outcome.page}", markup=False, soft_wrap=True)

    def _kubectl(self, namespace: Namespace, command: str, stdin: str | None = None) -> None:
        _command(self.console, f"kubectl {command}")
        words = command.partition(" <")[0].split()
        _came_back(self.console, self.cluster.kubectl("--namespace", namespace.name, *words, stdin=stdin))

    def _curl(self, target: str, requests: int) -> list[str]:
        _command(self.console, " ".join(["curl", *[target] * requests]))
        if not shutil.which("curl"):
            self.console.print("(this machine has no curl; Python asks in its place)")
        answers = curl(target, requests)
        _came_back(self.console, "\n".join(answers))
        return answers


def _bars(outcome: Outcome) -> list[Text]:
    answered = outcome.record.reconciliation.answered
    most = max(answered.values(), default=1)
    names = {pod.uid: pod.name for pod in outcome.record.pods}
    return [
        Text.assemble(f"  {names.get(uid, uid)}  ", ("█" * round(BAR_WIDTH * count / most), "cyan"), f" {count}")
        for uid, count in sorted(answered.items(), key=lambda pair: names.get(pair[0], pair[0]))
    ]


def _part(console: Console, target: str) -> None:
    console.print("\nThe cluster and the Service stay. Three things to try:", style="bold")
    for command, what in (
        (f"curl {target}", "ask again, from any terminal"),
        ("make e2e SCENARIO=stray_pod KEEP=1", "plant a fault, a stray pod behind the Service, and see it caught"),
        ("make e2e KEEP=1", "run the whole suite, on this cluster"),
    ):
        console.print(f"  {command:<36}{what}", soft_wrap=True)
    console.print(f"And when you have seen enough:\n  {'make down':<36}takes all of it away again", soft_wrap=True)


def _step(console: Console, number: int, title: str) -> None:
    console.print(f"\n{number}/{STEPS}  {title}", style="bold")


def _command(console: Console, line: str) -> None:
    console.print(f"$ {line}", style="green", markup=False, soft_wrap=True)


def _came_back(console: Console, output: str) -> None:
    console.print(output.rstrip(), markup=False, soft_wrap=True)
