"""Why only some pods are busy: what a Service says on how near its traffic is to stay, each recognised by the records."""

from collections.abc import Collection

from evenly.report.answer import Diagnosis
from evenly.report.figures import Figures
from evenly.report.text.commands import kubectl
from evenly.report.text.markup import Text, codes, text
from evenly.results.schema import ScenarioRecord


def local(scenario: ScenarioRecord, figures: Figures, _: str) -> Diagnosis | None:
    """Recognise a local traffic policy: exactly the entry node's own pods are busy."""
    own = {pod.pod.uid for pod in figures.expected if pod.pod.node == scenario.load.entry_node}
    if scenario.external_traffic_policy != "Local" or not _alone_busy(own, figures):
        return None
    evidence = text(
        "`{service}` has `externalTrafficPolicy: Local`: a node sends only to its own pods. On the entry `{node}`: {pods}.",
        service=scenario.service,
        node=scenario.load.entry_node,
        pods=_short(own, figures),
    )
    return Diagnosis(
        "Why?",
        (evidence,),
        text("Every pod wanted from every node? Set it to Cluster:"),
        kubectl(scenario.namespace, "patch", "service", scenario.service, "-p", '{"spec":{"externalTrafficPolicy":"Cluster"}}'),
        text("Local wanted? Put a balancer before the nodes and give each as many pods."),
    )


def near(scenario: ScenarioRecord, figures: Figures, _: str) -> Diagnosis | None:
    """Recognise a preference for pods near the entry, on its node or in its zone: exactly those are busy."""
    if not _alone_busy(scenario.near, figures):
        return None
    evidence = text(
        "`{service}` has `trafficDistribution: {word}`: a node sends to the pods near it, if there are any. "
        "Near the entry `{node}`: {pods}.",
        service=scenario.service,
        word=scenario.traffic_distribution,
        node=scenario.load.entry_node,
        pods=_short(scenario.near, figures),
    )
    return Diagnosis(
        "Why?",
        (evidence,),
        text("Every pod wanted from every node? Take the preference out:"),
        kubectl(scenario.namespace, "patch", "service", scenario.service, "-p", '{"spec":{"trafficDistribution":null}}'),
        text("Nearness wanted? Declare it for each node: `local_only`, with the pods near it and the others."),
    )


def not_kept(scenario: ScenarioRecord, figures: Figures, command: str) -> Diagnosis | None:
    """Recognise a law that gives nothing to some of the expected pods, where nobody else is unexpected."""
    out = [uid for uid in scenario.verdict.pods if uid in scenario.rule.shares]
    if not out or len(out) < len(scenario.verdict.pods):
        return None
    evidence = text(
        "The law, {law}, gives nothing to {pods}, but `{service}` sends there, too.",
        law=scenario.rule.law,
        pods=_short(out, figures),
        service=scenario.service,
    )
    if scenario.near:
        word, pods = scenario.traffic_distribution, _short(scenario.near, figures)
        kept = text("By its `trafficDistribution: {word}` a node prefers those near it, here {pods}.", word=word, pods=pods)
    else:
        kept = text("Unless a policy of the Service keeps traffic near, a node sends to all its ready pods.")
    return Diagnosis(
        "Why?",
        (evidence, kept),
        text("See what the Service says, and change it or the law:"),
        kubectl(scenario.namespace, "get", "service", scenario.service, "-o", "yaml"),
        text("Then run again: `{command}`", command=command),
    )


def _alone_busy(pods: Collection[str], figures: Figures) -> bool:
    """Tell whether exactly these pods (UIDs) are busy, and others idle."""
    return set(pods) == {pod.pod.uid for pod in figures.expected if pod.answered} and len(pods) < len(figures.expected)


def _short(pods: Collection[str], figures: Figures) -> Text:
    return codes(pod.short for pod in figures.expected if pod.pod.uid in pods)
