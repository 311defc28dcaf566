"""The known reasons behind each cause, in the order in which they are tried against the records."""

from collections.abc import Callable, Mapping

from evenly.judge.verdict import Cause
from evenly.report.answer import Diagnosis
from evenly.report.diagnosis import distribution, manifest, node_rules, traffic_policy
from evenly.report.figures import Figures
from evenly.results.schema import ScenarioRecord

Reason = Callable[[ScenarioRecord, Figures, str], Diagnosis | None]
"""Recognises one mistake by a scenario's records; None where it is not this one. The last argument is what repeats the run."""

REASONS: Mapping[Cause, tuple[Reason, ...]] = {
    Cause.UNEXPECTED_POD: (manifest.answers_in_a_false_name, traffic_policy.not_kept),
    Cause.BOOKS: (manifest.answers_in_a_false_name,),
    Cause.ENDPOINTS: (manifest.selects_nobody,),
    Cause.ERRORS: (manifest.nobody_listens,),
    Cause.SHARES: (
        distribution.affinity,
        traffic_policy.local,
        traffic_policy.near,
        node_rules.changed_by_hand,
        distribution.node_first,
        distribution.missing_rule,
    ),
}


def known(scenario: ScenarioRecord, figures: Figures, command: str) -> Diagnosis | None:
    """Return the first known reason for a verdict that the records bear out; None for an unknown one."""
    tried = REASONS.get(scenario.verdict.cause, ()) if scenario.verdict.cause else ()
    return next((found for reason in tried if (found := reason(scenario, figures, command))), None)
