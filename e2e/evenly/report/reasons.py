"""The known reasons behind each cause, in the order in which they are tried against the records."""

from collections.abc import Callable, Mapping

from evenly.judge.verdict import Cause
from evenly.report import misconfigured, node_rules, policies, unevenness
from evenly.report.answer import Diagnosis
from evenly.report.figures import Figures
from evenly.report.result import ScenarioRecord

Reason = Callable[[ScenarioRecord, Figures, str], Diagnosis | None]
"""Recognises one mistake by a scenario's records; None where it is not this one. The last argument is what repeats the run."""

REASONS: Mapping[Cause, tuple[Reason, ...]] = {
    Cause.UNEXPECTED_POD: (misconfigured.answers_in_a_false_name, policies.not_kept),
    Cause.BOOKS: (misconfigured.answers_in_a_false_name,),
    Cause.ENDPOINTS: (misconfigured.selects_nobody,),
    Cause.ERRORS: (misconfigured.nobody_listens,),
    Cause.SHARES: (
        unevenness.affinity,
        policies.local,
        policies.near,
        node_rules.changed_by_hand,
        unevenness.node_first,
        unevenness.missing_rule,
    ),
}


def known(scenario: ScenarioRecord, figures: Figures, command: str) -> Diagnosis | None:
    """Return the first known reason for a verdict that the records bear out; None for an unknown one."""
    tried = REASONS.get(scenario.verdict.cause, ()) if scenario.verdict.cause else ()
    return next((found for reason in tried if (found := reason(scenario, figures, command))), None)
