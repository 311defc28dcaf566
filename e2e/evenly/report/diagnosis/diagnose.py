"""What the records tell of a cause where none of its known reasons fits: the evidence, and a remedy to copy."""

from collections.abc import Iterable, Mapping

from evenly.report.answer import Diagnosis
from evenly.report.figures import Figures, strays
from evenly.report.text.commands import kubectl
from evenly.report.text.markup import Text, codes, join, text
from evenly.report.text.numbers import apart, counted, spelled
from evenly.results.schema import PodRecord, ScenarioRecord

MOST_DISCREPANCIES = 3
NO_KNOWN_CAUSE = text("No known cause matches.")

# By the kinds that the load distinguishes: what such an error means, and where to look.
_ERRORS: Mapping[str, tuple[str, str]] = {
    "refused": ("nobody listened, or the rules had no pod to send to", "See whether the Service has ready pods:"),
    "reset": ("the connection was cut after it stood: a pod that ended, or rules that changed", "See whether pods restarted:"),
    "unreachable": ("no way led to the address", "See whether the node and the Service are there:"),
    "no local port or file left": ("the client's own limit, not the Service", "Give the client more ports or files, then:"),
    "time-out in connect": ("the first packets were dropped: a rule to a pod that is gone, or a full table", "See the pods:"),
    "time-out in response": ("a pod took the connection and did not answer in time", "See whether pods are busy or stuck:"),
    "bad response": ("what came back was no whole answer", "See what the pods wrote:"),
    "not ours": ("something else than the expected pods answered", "See what the Service selects:"),
}

# By how the cluster's words begin: what to do about a pod that is not ready.
_NOT_READY: Mapping[str, str] = {
    "CrashLoopBackOff": "Its program ends again and again: mend its command, its configuration or its image.",
    "ErrImage": "Correct the image in its manifest, or put it where the nodes can get it.",
    "ImagePull": "Correct the image in its manifest, or put it where the nodes can get it.",
    "InvalidImageName": "Correct the image in its manifest.",
    "CreateContainerConfigError": "Create the ConfigMap or Secret that it names.",
    "Unschedulable": "No node takes it: let it ask for less, or change what keeps it off the nodes.",
    "Unhealthy": "Mend its readiness probe, or what the probe asks for.",
}


def unexpected_pod(scenario: ScenarioRecord, figures: Figures, command: str, started_at: str) -> Diagnosis:
    """Say how the stray pod got in and who owns it, and how to remove it."""
    # rather than one that the law leaves out
    stray = min(strays(scenario, figures), key=lambda pod: pod.pod.uid in scenario.rule.shares).pod
    siblings = [pod.pod for pod in figures.expected]
    evidence = [_how_it_got_in(scenario, stray, siblings)]
    kind, _, owner = stray.owner.partition(" ")
    age = apart(stray.created_at, started_at)
    made = f", made {age} before the run" if age else ""
    if stray.owner and stray.owner in {pod.owner for pod in siblings}:
        evidence.append(
            text("It belongs to {kind} `{owner}`, as the expected pods do, but came later.", kind=kind, owner=owner)
        )
        return Diagnosis("Why?", tuple(evidence), text("Let the change of pods end, then run again:"), command)
    if stray.owner:
        evidence.append(text("It belongs to {kind} `{owner}`{made}.", kind=kind, owner=owner, made=made))
    elif stray.created_at:
        evidence.append(text("Nobody owns it{made}.", made=made))
    others = len(strays(scenario, figures)) - 1
    if others:
        evidence.append(text("{others} beside it: see the table.", others=spelled(others, "more unexpected pod")))
    target = (kind.lower(), owner) if stray.owner else ("pod", stray.name)
    return Diagnosis(
        "Why?",
        tuple(evidence),
        text("Not wanted? Remove it:"),
        kubectl(scenario.namespace, "delete", *target),
        text("Wanted? Expect {n} in the scenario, then run again.", n=spelled(len(figures.expected) + 1 + others, "pod")),
    )


def _how_it_got_in(scenario: ScenarioRecord, stray: PodRecord, siblings: Iterable[PodRecord]) -> Text:
    if not any(stray.uid in reading.ready for reading in scenario.endpoints):
        return text(
            "`{pod}` never was in the EndpointSlices of `{service}`: an old rule leads there, or it listens on the entry.",
            pod=stray.name,
            service=scenario.service,
        )
    common = set(stray.labels.items()).intersection(*(pod.labels.items() for pod in siblings))
    if not common:
        return text("`{pod}` is ready in the EndpointSlices of `{service}`.", pod=stray.name, service=scenario.service)
    labels = codes(f"{key}={value}" for key, value in sorted(common))
    template = "`{pod}` carries {labels}, as the expected pods do, so the selector of `{service}` takes it in."
    return text(template, pod=stray.name, labels=labels, service=scenario.service)


def endpoints(scenario: ScenarioRecord, figures: Figures, command: str, _: str) -> Diagnosis:
    """Say what the cluster notes of the pods that were not there."""
    pods = [pod.pod for uid in scenario.verdict.pods if (pod := figures.of(uid))]
    noted = [pod for pod in pods if pod.note]
    evidence = tuple(text("{pod}: {note}.", pod=_pod_on_node(p), note=p.note.rstrip(".")) for p in noted[:2])
    again = text("Once the set of pods is steady, run again: `{command}`", command=command)
    remedy = next((remedy for reason, remedy in _NOT_READY.items() if noted and noted[0].note.startswith(reason)), "")
    if not pods:
        return Diagnosis("Why?", evidence or (NO_KNOWN_CAUSE,), text("Once the set of pods is steady, run again:"), command)
    return Diagnosis(
        "Why?",
        evidence or (text("The records hold no reason for {pods}.", pods=codes(pod.name for pod in pods)),),
        text("{remedy}See what the cluster says about it:", remedy=f"{remedy} " if remedy else ""),
        kubectl(scenario.namespace, "describe", "pod", pods[0].name),
        again,
    )


def _pod_on_node(pod: PodRecord) -> Text:
    return text("`{pod}` on `{node}`", pod=pod.name, node=pod.node) if pod.node else text("`{pod}`", pod=pod.name)


def unreconciled(scenario: ScenarioRecord, figures: Figures, command: str, _: str) -> Diagnosis:
    """Name the attempts that are not accounted for, or the connections that were shared."""
    if figures.pooled:
        evidence = text(
            "The clients kept their connections alive: the pods counted up to request **{longest}** on one connection. "
            "All of them go to the pod that got the first.",
            longest=f"{figures.samples.longest_connection:,}",
        )
        remedy = text("Send each request on a new connection, then run again:")
        real = text("If your real clients keep connections alive, this unevenness is real for them.")
        return Diagnosis("Why?", (evidence,), remedy, command, real)
    shown = scenario.reconciliation.discrepancies[:MOST_DISCREPANCIES]
    more = len(scenario.reconciliation.discrepancies) - len(shown)
    evidence_lines = [text("{line}", line=line) for line in shown]
    if more:
        evidence_lines.append(text("{more} more in `result.json`.", more=more))
    return Diagnosis(
        "Why?",
        tuple(evidence_lines) or (NO_KNOWN_CAUSE,),
        text("Look for what stands between client and pods, a proxy that retries or caches, then run again:"),
        command,
    )


def errors(scenario: ScenarioRecord, figures: Figures, *_: str) -> Diagnosis:
    """Say what errors of these kinds mean, and whether they reached a pod."""
    kinds = figures.samples.errors.most_common()
    if scenario.load.identified_by and kinds[:1] and kinds[0][0] == "not ours":
        nobody = text("They were answered, but without {it}: nobody knows by which pods.", it=scenario.load.identified_by)
        return Diagnosis("Why?", (nobody,), text("See what an answer has, and name that:"), f"curl -i {scenario.load.target}")
    meanings = [text("{kind}: {meaning}.", kind=kind.capitalize(), meaning=_meaning(kind)[0]) for kind, _ in kinds[:2]]
    reached = figures.samples.errors_that_reached_a_pod
    if scenario.load.identified_by:
        arrived = text("Whether they reached a pod, nobody knows: its logs are not evenly's.")
    elif reached:
        others = f"{figures.errors - reached:,}"
        arrived = text("**{n}** of them reached a pod, as its log says; {others} never did.", n=f"{reached:,}", others=others)
    else:
        arrived = text("**None** of them reached a pod, as far as the pods' logs say.")
    remedy = _meaning(kinds[0][0])[1] if kinds else "See the pods:"
    look = kubectl(scenario.namespace, "get", "pods,endpointslices", "-o", "wide")
    return Diagnosis("Why?", (*meanings, arrived), text("{remedy}", remedy=remedy), look)


def _meaning(kind: str) -> tuple[str, str]:
    return _ERRORS.get(kind, ("an error of a kind that has no explanation here", "See the pods:"))


def undecided(scenario: ScenarioRecord, figures: Figures, command: str, _: str) -> Diagnosis:
    """Say why the evidence was not enough, and how to get more."""
    if figures.few_choices:
        kept = text("The client keeps its connections alive: a request on one goes where that connection once went.")
        remedy = text("To judge the Service, send each request on a new connection:")
        return Diagnosis("Why?", (kept,), remedy, "make e2e LOCUSTFILE=locustfiles/new_connection.py")
    never_again = text("Do not run again until it passes: that would hide a bias.")
    if scenario.verdict.connections < scenario.rule.cap:
        ended = text(
            "The load ended after {n} of at most {cap}, before the evidence was enough.",
            n=counted(scenario.verdict.connections, "connection"),
            cap=f"{scenario.rule.cap:,}",
        )
        return Diagnosis("Why?", (ended,), text("Let it run to its end:"), command)
    off = [pod for pod in figures.expected if pod.surely_off]
    small = text(
        "A small real bias fits best: the interval of {pods} leaves out its declared share.", pods=codes(p.short for p in off)
    )
    more = text("Decide it with more connections: raise the cap above {cap}, then:", cap=f"{scenario.rule.cap:,}")
    return Diagnosis("Why?", (join([NO_KNOWN_CAUSE, *([small] if off else [])], last=" "),), more, command, never_again)
