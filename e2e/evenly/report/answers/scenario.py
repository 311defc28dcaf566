"""The answer to what a scenario asks; for a negative control, whether its fault was found out."""

from evenly.judge import Law, Pick, ShareRule, pass_rates, visible
from evenly.judge.verdict import Cause
from evenly.report.answer import Answer, Diagnosis, Finding, Mark
from evenly.report.answers.causes import CAUSES
from evenly.report.answers.even import declared_part, even
from evenly.report.figures import Figures
from evenly.report.text.markup import Text, text
from evenly.report.text.numbers import counted, points
from evenly.results.schema import ScenarioRecord

EXAMPLE_BIAS = 0.02  # of the grey zone: between never seen and always seen


def answer(scenario: ScenarioRecord, figures: Figures, command: str, started_at: str = "") -> Answer:
    """Answer what a scenario asks.

    ``command`` repeats the run, ``started_at`` is when it began (ISO 8601); with it the age of a stray pod can be told.
    """
    cause = scenario.verdict.cause
    judged = Answer(
        mark=Mark(scenario.verdict.word.value),
        question=_question(scenario, figures),
        finding=CAUSES[cause].finding(scenario, figures) if cause else even(scenario, figures),
        diagnosis=_why(cause, scenario, figures, command, started_at) if cause else _missed(scenario, figures, command),
    )
    return judged if scenario.control is None else _of_control(scenario, scenario.control, judged, command)


_QUESTIONS = {
    Pick.INDEPENDENT: "Does the Service {service} spread new connections {how} over its {pods}?",
    Pick.IN_TURN: "Does the Service {service} send new connections to its {pods} in turn?",
    Pick.PER_CLIENT: "Does the Service {service} keep each client on one of its {pods}, and spread the clients {how}?",
}


def _question(scenario: ScenarioRecord, figures: Figures) -> Text:
    how = "as declared" if declared_part(figures) == "declared share" else "evenly"
    return text(
        _QUESTIONS[scenario.rule.pick],
        service=scenario.service,
        how=how,
        pods=counted(len(figures.expected), "pod"),
    )


def _why(cause: Cause, scenario: ScenarioRecord, figures: Figures, command: str, started_at: str) -> Diagnosis:
    """Return the first known reason that the records bear out; where there is none, what they do tell."""
    tried = (reason(scenario, figures, command) for reason in CAUSES[cause].reasons)
    return next(filter(None, tried), None) or CAUSES[cause].otherwise(scenario, figures, command, started_at)


def _missed(scenario: ScenarioRecord, figures: Figures, command: str) -> Diagnosis:
    elsewhere = text("Kept-alive clients, other entry nodes and other clients: this scenario does not look at those.")
    return Diagnosis(
        "What could it have missed?",
        (_grey(scenario, figures), elsewhere),
        text("Nothing. To show it again on the same versions:"),
        command,
    )


def _grey(scenario: ScenarioRecord, figures: Figures) -> Text:
    """Say which deviations are too small, or too rare, to be seen."""
    rule, furthest = scenario.rule, figures.furthest
    if rule.pick is Pick.IN_TURN:
        return text("A Service that leaves its turn in less than {percent} % of connections.", percent=points(rule.delta))
    grey = text("A bias below {points} points (grey zone) may pass.", points=points(furthest.delta))
    rates = pass_rates(ShareRule(Law(rule.law, rule.shares, rule.pick), rule.alpha, rule.beta, rule.delta))
    if rate := rates.get(EXAMPLE_BIAS):
        told = text(
            " A true {bias}-point bias passes in up to {rate:.0f} % of runs.", bias=points(EXAMPLE_BIAS), rate=100 * rate
        )
        grey = (*grey, *told)
    if len(figures.expected) > 1:
        shows = visible(furthest.declared, figures.choices, len(figures.expected))
        seen = text(
            " With so many connections, a pod's interval would show a bias of {shows} points.", shows=f"{100 * shows:.1f}"
        )
        grey = (*grey, *seen)
    return grey


def _of_control(scenario: ScenarioRecord, planted: Cause, judged: Answer, command: str) -> Answer:
    """Answer by whether exactly the declared cause came out; what was judged becomes the figures."""
    question = text("Negative control: a fault planted on purpose. Is {fault} found out?", fault=CAUSES[planted].fault)
    if scenario.caught:
        return Answer(
            mark=Mark.CAUGHT,
            question=question,
            finding=Finding(
                "Yes.",
                text("{word} came out, as it must, with the right cause.", word=planted.word),
                text("{said} Had this scenario passed, the suite would have failed.", said=judged.finding.headline),
                judged.finding.how_sure,
            ),
            diagnosis=judged.diagnosis,
        )
    came, wanted = scenario.verdict, f"{planted.word} ({planted})"
    out = f"{came.word} ({came.cause})" if came.cause else f"{came.word}"
    return Answer(
        mark=Mark.MISSED,
        question=question,
        finding=Finding(
            "No.",
            text("{out} came out instead of {wanted}.", out=out, wanted=wanted),
            text("What was said: {said}", said=judged.finding.headline),
            (text("**Until this is caught, the other verdicts prove less:** the harness was blind to a known fault."),),
        ),
        diagnosis=Diagnosis(
            "Why?",
            judged.diagnosis.evidence if came.cause else (text("The records show no fault: was it really planted?"),),
            text("See below whether the fault was really there, then run again:"),
            command,
        ),
    )
