"""Whether the nodes' own rules explain the shares: what they give to each pod, beside what was declared."""

from evenly.report.answer import Diagnosis
from evenly.report.figures import Figures
from evenly.report.text.commands import renew_rules
from evenly.report.text.markup import Text, codes, join, text
from evenly.results.schema import NodeRules, ScenarioRecord

ROUNDING = 1e-4  # of kube-proxy's chances, which it writes with ten digits


def changed_by_hand(scenario: ScenarioRecord, figures: Figures, command: str) -> Diagnosis | None:
    """Recognise an entry node whose rules do not give the pods their declared shares, and tell whether other nodes' do."""
    entry, *others = scenario.rules or (None,)
    if entry is None or entry.node != scenario.load.entry_node or give_equal_parts(entry, scenario):
        return None
    left_out = [pod.short for pod in figures.expected if pod.declared and not entry.shares.get(pod.pod.uid)]
    parts = _parts(entry, figures)
    if left_out:
        whence = "A rule was deleted there, or kube-proxy has not written it."
        said = text(
            "The rules of `{node}` have none for {pods}: they give {parts}.", node=entry.node, pods=codes(left_out), parts=parts
        )
    else:
        whence = "kube-proxy gives all the same, so somebody else has changed them."
        said = text("The rules of `{node}` give {parts}.", node=entry.node, parts=parts)
    alike = [rules.node for rules in others if not give_equal_parts(rules, scenario)]
    if alike:
        where = text("Those of {nodes} do not give all pods the same either.", nodes=codes(alike))
    else:
        nodes = codes(rules.node for rules in others)
        where = text("Those of {nodes} give all pods the same: it is so **through this node only**.", nodes=nodes)
    return Diagnosis(
        "Why?",
        (said, *([where] if others else []), text(whence)),
        text("Have kube-proxy write its rules anew:"),
        renew_rules(entry.node),
        text("Then run again: `{command}`", command=command),
    )


def give_equal_parts(rules: NodeRules, scenario: ScenarioRecord) -> bool:
    """Tell whether a node's rules give every pod of the law the same part of all connections, as kube-proxy writes them."""
    pods = scenario.rule.shares.keys()
    return rules.shares.keys() == pods and all(abs(part - 1 / len(pods)) < ROUNDING for part in rules.shares.values())


def _parts(rules: NodeRules, figures: Figures) -> Text:
    """List what rules give: "`k7m2p` 20.0 %, `q8zcd` 40.0 % and `w4n9x` 40.0 %"."""
    given = [(pod.short if (pod := figures.of(uid)) else uid, share) for uid, share in rules.shares.items()]
    return join(text("`{name}` {percent:.1f} %", name=name, percent=100 * share) for name, share in given)
