"""What a report says of each cause: one table, so that a new cause is one entry."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from evenly.judge.verdict import Cause
from evenly.report.answer import Diagnosis, Finding
from evenly.report.answers import even, invalid, order, uneven
from evenly.report.diagnosis import diagnose, distribution, manifest, node_rules, traffic_policy
from evenly.report.figures import Figures
from evenly.results.schema import ScenarioRecord

Reason = Callable[[ScenarioRecord, Figures, str], Diagnosis | None]
"""Recognises one mistake by a scenario's records; None where it is not this one. The last argument is what repeats the run."""


@dataclass(frozen=True, slots=True)
class CauseText:
    """All that is said of one cause.

    ``reasons`` are tried in their order; where the records bear none of them out, ``otherwise`` says what they do tell. It is
    given what repeats the run, and when that began (ISO 8601).
    """

    finding: Callable[[ScenarioRecord, Figures], Finding]
    fault: str  # what a negative control of this cause plants
    otherwise: Callable[[ScenarioRecord, Figures, str, str], Diagnosis]
    reasons: tuple[Reason, ...] = ()
    unseen: str = "Whether the unevenness comes and goes: the verdict is on all connections together."


_NO_FIXED_SET = "Anything about evenness over one fixed set of pods."

CAUSES: Mapping[Cause, CauseText] = {
    Cause.UNEXPECTED_POD: CauseText(
        finding=even.unexpected_pod,
        fault="a pod that does not belong to it",
        reasons=(manifest.answers_in_a_false_name, traffic_policy.not_kept),
        otherwise=diagnose.unexpected_pod,
        unseen="Whether the expected pods share evenly among themselves: with another pod between them that is not judged.",
    ),
    Cause.UNRECONCILED: CauseText(
        finding=invalid.unreconciled,
        fault="a client that does not send each request on a new connection, once,",
        reasons=(manifest.answers_in_a_false_name,),
        otherwise=diagnose.unreconciled,
        unseen=_NO_FIXED_SET,
    ),
    Cause.ENDPOINTS: CauseText(
        finding=invalid.endpoints,
        fault="a set of pods that is not the declared one",
        reasons=(manifest.selects_nobody,),
        otherwise=diagnose.endpoints,
        unseen=_NO_FIXED_SET,
    ),
    Cause.ERRORS: CauseText(
        finding=even.errors,
        fault="a Service that loses connections",
        reasons=(manifest.nobody_listens,),
        otherwise=diagnose.errors,
        unseen="Which pods the lost connections were meant for: nobody answered them.",
    ),
    Cause.SHARES: CauseText(
        finding=uneven.uneven,
        fault="an uneven Service",
        reasons=(
            distribution.affinity,
            traffic_policy.local,
            traffic_policy.near,
            node_rules.changed_by_hand,
            distribution.node_first,
            distribution.missing_rule,
        ),
        otherwise=distribution.unknown,
    ),
    Cause.ORDER: CauseText(order.order, "a Service that does not pick by chance", distribution.not_by_chance),
    Cause.DRIFT: CauseText(order.drift, "a Service whose shares change", distribution.drift),
    Cause.TURN: CauseText(order.turn, "a Service that does not take turns", distribution.not_by_chance),
    Cause.MOVE: CauseText(order.move, "a Service that moves its clients", distribution.not_by_chance),
    Cause.UNDECIDED: CauseText(even.undecided, "a bias too small to decide", diagnose.undecided),
}
