"""What the cluster and the pods' logs say about a load that has just ended."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace

from evenly.cluster.cluster import Cluster
from evenly.errors import EvenlyError
from evenly.k8s.expectations import preferred
from evenly.k8s.pods import Pod, explained, in_namespace
from evenly.k8s.proxy_rules import choice
from evenly.k8s.proxy_rules.rules import Choice
from evenly.k8s.senders import client_pods
from evenly.load.client.process import HTML_FILE, KEPT, LOG_FILE, LocustProcess
from evenly.load.plan import Summary
from evenly.scenario.record import Observed, Scenario, Setting
from evenly.scenario.target import Ledger, Target, entry_node, zones


def observe(  # noqa: PLR0913, PLR0917 - all that was there
    target: Target, scenario: Scenario, locust: LocustProcess, summary: Summary, ledger: Ledger, worker_pods: tuple[Pod, ...]
) -> Observed:
    """Ask the cluster and the ledger about a load; ``worker_pods`` have sent it, none where it came from this machine."""
    entry = entry_node(target, target.entries.node_at(locust.target))
    if len(nodes := {pod.node for pod in worker_pods}) == 1:
        entry = nodes.pop()
    spec = target.ref.spec()
    now = tuple(explained(target.ref.namespace, pod) for pod in in_namespace(target.ref.namespace))
    rows = target.resolved(locust.rows)
    return Observed(
        scenario=replace(scenario, name=locust.folder.name),
        setting=Setting(
            service=target.ref.name,
            namespace=target.ref.namespace.name,
            manifests=target.manifests,
            target=client_pods.seen_from(target.clients, locust.host)
            or client_pods.seen_from(worker_pods, locust.target, "worker pod")
            or locust.target,
            entry_node=entry,
            clients=locust.clients,
            locustfile=locust.locustfile,
            converged=target.settled.opened,
            spec=spec,
            near=preferred(spec.traffic_distribution, entry, target.settled.expected, zones(target)),
        ),
        expected=target.settled.expected,
        pods_afterwards=now,
        endpoints=target.endpoints.readings(summary.t0_ns),
        summary=summary,
        reconciled=ledger.reconcile(rows, now, kept=locust.locustfile in KEPT).without(summary.lost),
        evidence=tuple(f"evidence/{locust.folder.name}/{file}" for file in (HTML_FILE, LOG_FILE)),
    )


def read_choice(cluster: Cluster, target: Target, node: str) -> Choice | None:
    """Read how a node's own rules choose a pod for what comes to the Service's node port."""
    ports = target.ref.spec().ports
    name = next((port.name for port in ports if port.node_port == target.entries.node_port), "")
    return choice.read(cluster, node, target.ref.namespace.name, target.ref.name, name)


def node_rules(cluster: Cluster, target: Target, entry: str) -> dict[str, Mapping[str, float]]:
    """Return what the rules of each node give to whom, the entry's first; nothing where they cannot be read."""
    found: dict[str, Mapping[str, float]] = {}
    with suppress(EvenlyError):  # evidence: the verdict stands without it, as on a cluster whose nodes are out of reach
        for node in sorted(target.entries.nodes, key=lambda node: node != entry):
            if chosen := read_choice(cluster, target, node):
                found[node] = chosen.shares
    return found
