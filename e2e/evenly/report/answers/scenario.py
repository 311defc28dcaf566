"""The answer to what a scenario asks; for a negative control, whether its fault was found out."""

from evenly.judge import Law, Pick, ShareRule, pass_rates, visible
from evenly.judge.verdict import Cause, Word
from evenly.report.answer import Answer, Diagnosis, Finding, Mark
from evenly.report.answers import even, invalid, order, uneven
from evenly.report.diagnosis.diagnose import diagnose
from evenly.report.figures import Figures
from evenly.report.text.markup import Text, text
from evenly.report.text.numbers import counted, points
from evenly.results.schema import ScenarioRecord

EXAMPLE_BIAS = 0.02  # of the grey zone: between never seen and always seen

_FINDINGS = {
    None: even.even,
    Cause.UNEXPECTED_POD: even.unexpected_pod,
    Cause.BOOKS: invalid.books,
    Cause.ENDPOINTS: invalid.endpoints,
    Cause.ERRORS: even.errors,
    Cause.SHARES: uneven.uneven,
    Cause.ORDER: order.order,
    Cause.DRIFT: order.drift,
    Cause.TURN: order.turn,
    Cause.MOVE: order.move,
    Cause.UNDECIDED: even.undecided,
}

_FAULTS = {
    Cause.UNEXPECTED_POD: "a pod that does not belong to it",
    Cause.BOOKS: "a client that does not send each request on a new connection, once,",
    Cause.ENDPOINTS: "a set of pods that is not the declared one",
    Cause.ERRORS: "a Service that loses connections",
    Cause.SHARES: "an uneven Service",
    Cause.ORDER: "a Service that does not pick by chance",
    Cause.DRIFT: "a Service whose shares change",
    Cause.TURN: "a Service that does not take turns",
    Cause.MOVE: "a Service that moves its clients",
    Cause.UNDECIDED: "a bias too small to decide",
}


def answer(scenario: ScenarioRecord, figures: Figures, command: str, started_at: str = "") -> Answer:
    """Answer what a scenario asks.

    ``command`` repeats the run, ``started_at`` is when it began (ISO 8601); with it the age of a stray pod can be told.
    """
    word = scenario.verdict.word
    judged = Answer(
        mark=Mark(word.value),
        question=_question(scenario, figures),
        finding=_FINDINGS[scenario.verdict.cause](scenario, figures),
        diagnosis=_missed(scenario, figures, command)
        if word is Word.PASS
        else diagnose(scenario, figures, command, started_at),
    )
    return judged if scenario.control is None else _of_control(scenario, scenario.control, judged, command)


_QUESTIONS = {
    Pick.INDEPENDENT: "Does the Service {service} spread new connections {how} over its {pods}?",
    Pick.IN_TURN: "Does the Service {service} send new connections to its {pods} in turn?",
    Pick.PER_CLIENT: "Does the Service {service} keep each client on one of its {pods}, and spread the clients {how}?",
}


def _question(scenario: ScenarioRecord, figures: Figures) -> Text:
    how = "as declared" if even.declared_part(figures) == "declared share" else "evenly"
    return text(
        _QUESTIONS[scenario.rule.pick],
        service=scenario.service,
        how=how,
        pods=counted(len(figures.expected), "pod"),
    )


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
    question = text("Negative control: a fault planted on purpose. Is {fault} found out?", fault=_FAULTS[planted])
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
