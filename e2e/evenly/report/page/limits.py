"""What a run could not see."""

from evenly.judge.verdict import Cause
from evenly.report.figures import Figures
from evenly.report.text.markup import Text, text
from evenly.report.text.numbers import points, spelled
from evenly.results.schema import ScenarioRecord


def not_seen(scenario: ScenarioRecord, figures: Figures) -> tuple[Text, ...]:
    """Say what this run says nothing about."""
    node = scenario.load.entry_node
    return (
        _limit(scenario, figures),
        text("It saw new connections only. Requests inside one kept-alive connection always go to the same pod."),
        text(
            "It came from {clients}, through {node}.",
            clients=spelled(max(1, len(figures.samples.clients)), "client address"),
            node=text("one node, `{node}`", node=node) if node else "one address",
        ),
        text("Equal numbers of connections are not equal work: a slow request costs a pod more than a fast one."),
    )


def _limit(scenario: ScenarioRecord, figures: Figures) -> Text:
    match scenario.verdict.cause:
        case None:
            return text("A bias smaller than {delta} points may pass.", delta=points(figures.furthest.delta))
        case Cause.BOOKS | Cause.ENDPOINTS:
            return text("Anything about evenness over one fixed set of pods.")
        case Cause.UNEXPECTED_POD:
            return text(
                "Whether the expected pods share evenly among themselves: with another pod between them that is not judged."
            )
        case Cause.ERRORS:
            return text("Which pods the lost connections were meant for: nobody answered them.")
        case _:
            return text("Whether the unevenness comes and goes: the verdict is on all connections together.")
