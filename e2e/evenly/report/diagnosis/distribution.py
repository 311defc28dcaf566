"""Why shares are uneven, or not by chance: what is known to cause it, each recognised by the records."""

from collections import Counter

from evenly.judge import Attempt, Law, better_fit, interval
from evenly.report.answer import Diagnosis
from evenly.report.diagnosis.node_rules import give_equal_parts
from evenly.report.figures import Figures, PodFigures
from evenly.report.text.commands import kubectl, renew_rules
from evenly.report.text.markup import codes, text
from evenly.report.text.numbers import listed, number
from evenly.results.schema import ScenarioRecord


def not_by_chance(scenario: ScenarioRecord, figures: Figures, command: str, _: str) -> Diagnosis:
    """Name the law that the serial attempts fit better, and where a choice that is not as declared comes from."""
    fit = _better_fit(scenario, figures) or "No other law that is known here fits its first connections better."
    return Diagnosis(
        "Why?",
        (text("{fit}", fit=fit), text("kube-proxy picks by chance, anew each time, unless the Service asks for affinity.")),
        text("Look for a balancer or a proxy between client and pods, then run again:"),
        command,
    )


def drift(_scenario: ScenarioRecord, _figures: Figures, command: str, _: str) -> Diagnosis:
    """Say what kube-proxy would do, and what may have changed although the endpoints did not."""
    return Diagnosis(
        "Why?",
        (
            text("The same pods were ready all the time, so that kube-proxy's rules gave each the same chance all the time."),
            text("What is left: rules that were changed by hand or written anew, or a balancer that weighs by load."),
        ),
        text("Look for what changed while the load ran, then run again:"),
        command,
    )


def _better_fit(scenario: ScenarioRecord, figures: Figures) -> str:
    """Say which other law the serial attempts fit better; nothing where none does."""
    rule = scenario.rule
    answers = enumerate(figures.samples.answers[: scenario.load.prelude], start=1)
    fit = better_fit(Law(rule.law, rule.shares, rule.pick), [Attempt(number, uid or None) for number, uid in answers])
    return fit.sentence if fit else ""


def affinity(scenario: ScenarioRecord, figures: Figures, _: str) -> Diagnosis | None:
    """Recognise session affinity: no more pods are busy than there are clients."""
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


def node_first(_: ScenarioRecord, figures: Figures, command: str) -> Diagnosis | None:
    """Recognise a choice of the node first, then of a pod on it, by its shares."""
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


def missing_rule(scenario: ScenarioRecord, figures: Figures, _: str) -> Diagnosis | None:
    """Recognise ready pods that nothing comes to: the entry's rules leave them out."""
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


def unknown(scenario: ScenarioRecord, _figures: Figures, command: str, _: str) -> Diagnosis:
    """Say that no known reason fits, what is ruled out, and where to look next."""
    ruled_out = ["a stray pod", "changed endpoints", "lost or retried connections", "kept-alive connections"]
    if scenario.session_affinity == "None":
        ruled_out.append("session affinity")
    entry = next((rules for rules in scenario.rules if rules.node == scenario.load.entry_node), None)
    if entry and give_equal_parts(entry, scenario):
        ruled_out.append("kube-proxy's rules on the entry, which give all pods the same")
        left = text("What is left stands before the entry or behind it: a balancer, a proxy, or others' rules.")
        next_step = text("Look at what stands between client and node, and run again through another node:")
    else:
        left = text("What is left is the data plane itself: its rules, their weights, a balancer in between.")
        next_step = text("Read the rules on the node, then run again:")
    evidence = text("No known cause matches. Ruled out: {these}.", these=listed(ruled_out))
    return Diagnosis("Why?", (evidence, left), next_step, command)


def _within(pod: PodFigures, figures: Figures, share: float) -> bool:
    low, high = interval(pod.answered, figures.answered, len(figures.pods))
    return low <= share <= high
