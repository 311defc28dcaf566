"""Why shares are uneven, or not by chance: the known causes, each tried against the records."""

from collections import Counter

from evenly.judge import Attempt, Law, better_fit, interval
from evenly.report.answer import Diagnosis
from evenly.report.commands import kubectl, renew_rules
from evenly.report.figures import Figures, PodFigures
from evenly.report.markup import codes, text
from evenly.report.result import ScenarioRecord
from evenly.report.words import listed, number


def diagnose_shares(scenario: ScenarioRecord, figures: Figures, command: str) -> Diagnosis:
    """Try affinity, a local traffic policy, a balancer in front of the nodes and missing rules; else name what is ruled out."""
    return (
        _affinity(scenario, figures)
        or _local_policy(scenario, figures)
        or _node_first(figures, command)
        or _missing_rule(scenario, figures)
        or _unknown(scenario, command)
    )


def diagnose_order(scenario: ScenarioRecord, figures: Figures, command: str) -> Diagnosis:
    """Name the law that the serial attempts fit better, and where a choice that is not by chance comes from."""
    serial = [Attempt("", uid or None) for uid in figures.samples.answers[: scenario.load.prelude]]
    fit = better_fit(Law(scenario.rule.law, scenario.rule.shares), serial)
    evidence = text("{sentence}", sentence=fit.sentence) if fit else text("No other law that is known here fits it better.")
    return Diagnosis(
        "Why?",
        (evidence, text("kube-proxy picks by chance, anew for each connection: something in between does not.")),
        text("Look for a balancer or a proxy between client and pods, then run again:"),
        command,
    )


def _affinity(scenario: ScenarioRecord, figures: Figures) -> Diagnosis | None:
    busy = [pod for pod in figures.expected if pod.answered]
    clients = figures.samples.clients
    if scenario.session_affinity == "None" or not 0 < len(busy) < len(figures.expected) or len(busy) > len(clients):
        return None
    if len(clients) == 1:
        whence = text("every connection came from one address, {address}", address=next(iter(clients)))
    else:
        whence = text("all connections came from {n} addresses", n=number(len(clients)))
    if scenario.session_affinity:
        evidence = text(
            "`{service}` has `sessionAffinity: {affinity}`, and {whence}. The rules send a known address back to its pod.",
            service=scenario.service,
            affinity=scenario.session_affinity,
            whence=whence,
        )
        patch = '{"spec":{"sessionAffinity":"None"}}'
        return Diagnosis(
            "Why?",
            (evidence,),
            text("Stickiness not wanted? Turn it off:"),
            kubectl(scenario.namespace, "patch", "service", scenario.service, "-p", patch),
            text("Wanted? Then shares over connections say nothing: judge it over many clients."),
        )
    return Diagnosis(
        "Why?",
        (text("It fits session affinity: {whence}. Whether the Service asks for it was not recorded.", whence=whence),),
        text("See whether it does:"),
        kubectl(scenario.namespace, "get", "service", scenario.service, "-o", "jsonpath={.spec.sessionAffinity}"),
    )


def _local_policy(scenario: ScenarioRecord, figures: Figures) -> Diagnosis | None:
    local = {pod.pod.uid for pod in figures.expected if pod.pod.node == scenario.load.entry_node}
    busy = {pod.pod.uid for pod in figures.expected if pod.answered}
    if scenario.external_traffic_policy != "Local" or busy != local:
        return None
    evidence = text(
        "`{service}` has `externalTrafficPolicy: Local`: a node sends only to its own pods. On the entry `{node}`: {pods}.",
        service=scenario.service,
        pods=codes(pod.short for pod in figures.expected if pod.pod.uid in local),
        node=scenario.load.entry_node,
    )
    return Diagnosis(
        "Why?",
        (evidence,),
        text("Every pod wanted from every node? Set it to Cluster:"),
        kubectl(scenario.namespace, "patch", "service", scenario.service, "-p", '{"spec":{"externalTrafficPolicy":"Cluster"}}'),
        text("Local wanted? Put a balancer before the nodes and give each as many pods."),
    )


def _node_first(figures: Figures, command: str) -> Diagnosis | None:
    """Whether the shares are those of a choice of the node first, then of a pod on it."""
    per_node = Counter(pod.pod.node for pod in figures.expected)
    if len(set(per_node.values())) <= 1 or any(not pod.answered for pod in figures.expected):
        return None
    wanted = {pod.pod.uid: 1 / len(per_node) / per_node[pod.pod.node] for pod in figures.expected}
    if not all(_within(pod, figures, wanted[pod.pod.uid]) for pod in figures.expected):
        return None
    nodes = listed([f"{node} {count}" for node, count in sorted(per_node.items())])
    evidence = text(
        "The shares are those of a choice of the node first, then of a pod on it. Pods per node: {nodes}.", nodes=nodes
    )
    return Diagnosis(
        "Why?", (evidence,), text("Give every node as many pods, or balance over pods rather than nodes, then:"), command
    )


def _missing_rule(scenario: ScenarioRecord, figures: Figures) -> Diagnosis | None:
    silent = [pod for pod in figures.expected if not pod.answered and pod.declared]
    if (
        not silent
        or not scenario.endpoints
        or not all(pod.pod.uid in reading.ready for pod in silent for reading in scenario.endpoints)
    ):
        return None
    node = scenario.load.entry_node
    place = text("the rules of `{node}`", node=node) if node else text("the entry's rules")
    evidence = [
        text(
            "{pods} stood ready in the EndpointSlices the whole time, but no connection came there: {place} leave it out.",
            pods=codes(pod.short for pod in silent),
            place=place,
        )
    ]
    if not scenario.converged:
        evidence.append(text("Before the load, too, not every pod answered within the time limit."))
    restart = renew_rules(node)
    return Diagnosis("Why?", tuple(evidence), text("Have kube-proxy write its rules anew, then run again:"), restart)


def _unknown(scenario: ScenarioRecord, command: str) -> Diagnosis:
    ruled_out = ["a stray pod", "changed endpoints", "lost or retried connections", "kept-alive connections"]
    if scenario.session_affinity == "None":
        ruled_out.append("session affinity")
    evidence = text("No known cause matches. Ruled out: {these}.", these=listed(ruled_out))
    return Diagnosis(
        "Why?",
        (evidence, text("What is left is the data plane itself: its rules, their weights, a balancer in between.")),
        text("Read the rules on the node, then run again:"),
        command,
    )


def _within(pod: PodFigures, figures: Figures, share: float) -> bool:
    low, high = interval(pod.answered, figures.answered, len(figures.pods))
    return low <= share <= high
