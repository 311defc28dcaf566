"""Mistakes in what a Service or a pod says of itself, each recognised by the records and told with its remedy."""

import json
from collections.abc import Mapping, Sequence

from evenly.report.answer import Diagnosis
from evenly.report.figures import Figures
from evenly.report.text.commands import kubectl
from evenly.report.text.markup import Text, codes, join, text
from evenly.report.text.numbers import counted
from evenly.results.schema import PodRecord, ScenarioRecord, ServicePort

OF_THE_ROLL_OUT = "pod-template-hash"  # a Deployment's own label, which no Service is to select


def selects_nobody(scenario: ScenarioRecord, figures: Figures, command: str) -> Diagnosis | None:
    """Recognise a selector that is none of the expected pods' labels, while nobody else stands behind the Service either."""
    pods = [pod.pod for pod in figures.expected]
    wanted, has = scenario.selector, _common_labels(pods)
    if not wanted or not has or any(reading.ready for reading in scenario.endpoints):
        return None
    if any(wanted.items() <= pod.labels.items() for pod in pods):
        return None
    meant = {key: has[key] for key in wanted if key in has} or has
    evidence = text(
        "The selector of `{service}`, {wanted}, matches none of the {pods}: they have {has}.",
        service=scenario.service,
        wanted=_labels(wanted),
        pods=counted(len(pods), "pod"),
        has=_labels(meant),
    )
    corrected = {key: None for key in wanted if key not in has} | meant  # a patch takes a label away by null
    return Diagnosis(
        "Why?",
        (evidence,),
        text("Have it select the labels that they have, in its manifest and here:"),
        _patch(scenario, {"spec": {"selector": corrected}}),
        text("Then run again: `{command}`", command=command),
    )


def nobody_listens(scenario: ScenarioRecord, figures: Figures, command: str) -> Diagnosis | None:
    """Recognise a target port that no expected pod's containers declare, while no connection has reached a pod."""
    declared = {port for pod in figures.expected for port in pod.pod.ports}
    known = {str(port.port) for port in declared} | {port.name for port in declared}
    wrong = next((port for port in scenario.ports if port.target_port not in known), None)
    if not declared or wrong is None or figures.answered or figures.samples.errors_that_reached_a_pod:
        return None
    listens = sorted({port.port for port in declared})
    evidence = text(
        "`{service}` sends to port `{wrong}` of its pods, where their containers listen on {listens}.",
        service=scenario.service,
        wrong=wrong.target_port,
        listens=codes(map(str, listens)),
    )
    return Diagnosis(
        "Why?",
        (evidence, text("**None** of {n} reached a pod.", n=counted(figures.sent, "connection"))),
        text("Have its `targetPort` name the port they listen on, in its manifest and here:"),
        _patch(scenario, {"spec": {"ports": [_corrected(wrong, listens[0])]}}),
        text("Then run again: `{command}`", command=command),
    )


def answers_in_a_false_name(scenario: ScenarioRecord, figures: Figures, command: str) -> Diagnosis | None:
    """Recognise pods that answer in another's name: their own logs have what the other is said to have answered."""
    lies = sorted(scenario.reconciliation.false_names, key=lambda lie: -lie.answers)
    if not lies:
        return None
    told = [
        text("`{pod}` answered {n} in the name of `{other}`", pod=_name(figures, of), n=counted(n, "connection"), other=other)
        for of, other, n in ((lie.of, _name(figures, lie.named), lie.answers) for lie in lies)
    ]
    return Diagnosis(
        "Why?",
        (text("{told}.", told=join(told)), text("Each stands in the log of the pod that really answered.")),
        text("Have each pod take its identity from its own metadata. See where this one takes it from:"),
        kubectl(scenario.namespace, "get", "pod", _full_name(figures, lies[0].of), "-o", "jsonpath={.spec.containers[*].env}"),
        text("Then run again: `{command}`", command=command),
    )


def _common_labels(pods: Sequence[PodRecord]) -> dict[str, str]:
    common = set.intersection(*(set(pod.labels.items()) for pod in pods)) if pods else set()
    return {key: value for key, value in sorted(common) if key != OF_THE_ROLL_OUT}


def _labels(labels: Mapping[str, str]) -> Text:
    return codes(f"{key}={value}" for key, value in labels.items())


def _patch(scenario: ScenarioRecord, change: Mapping[str, object]) -> str:
    words = json.dumps(change, separators=(",", ":"))
    return kubectl(scenario.namespace, "patch", "service", scenario.service, "-p", words)


def _corrected(port: ServicePort, target: int) -> dict[str, object]:
    """Return what changes a Service's port: a patch finds it by its number."""
    return {"port": port.port, "targetPort": target}


def _name(figures: Figures, uid: str) -> str:
    return pod.short if (pod := figures.of(uid)) else uid


def _full_name(figures: Figures, uid: str) -> str:
    return pod.pod.name if (pod := figures.of(uid)) else uid
