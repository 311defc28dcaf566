"""A run of several scenarios: its answer, and how far each scenario's pods were off."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from evenly.judge.verdict import Word
from evenly.report.answer import Answer, Diagnosis, Finding, Mark
from evenly.report.figures import Figures
from evenly.report.markup import Text, text
from evenly.report.result import ErrorRecord, RunRecord, ScenarioRecord
from evenly.report.scale import Scale
from evenly.report.words import counted, duration, listed, number, spelled

WORST_FIRST = (Word.FAIL, Word.INVALID, Word.INCONCLUSIVE, Word.PASS)
FURTHEST_POINTS = 10.0
ARROW_MARGIN = 4.0
MOST_LINES = 8  # of an error, in the answer
ROUND_NUMBER = 1_000_000  # of runs, to say how many false alarms there are among so many

_BECAME = {Word.FAIL: "failed", Word.INVALID: "could not tell", Word.INCONCLUSIVE: "not decided"}


@dataclass(frozen=True, slots=True)
class Deviations:
    """Where each expected pod stands off its declared share: places in percent of a scale of 10 points to both sides."""

    dots: tuple[float, ...]
    below: bool  # a pod is further off than the scale reaches
    above: bool
    grey: tuple[float, float]
    even: tuple[float, float]
    furthest: str


def deviations(figures: Figures) -> Deviations:
    """Place all expected pods on one scale, the same for any number of pods and any law."""
    scale = Scale(-FURTHEST_POINTS, FURTHEST_POINTS, ARROW_MARGIN)
    off = [100 * pod.off for pod in figures.expected]
    delta = 100 * figures.furthest.delta
    return Deviations(
        dots=tuple(sorted({scale.at(o) for o in off if abs(o) <= FURTHEST_POINTS})),
        below=min(off) < -FURTHEST_POINTS,
        above=max(off) > FURTHEST_POINTS,
        grey=(scale.at(-delta), scale.width(-delta, delta)),
        even=(scale.at(-delta / 2), scale.width(-delta / 2, delta / 2)),
        furthest=f"{max(map(abs, off)):.1f}",
    )


def worst(scenarios: Sequence[ScenarioRecord]) -> int:
    """Return the place of the scenario that decides the run's word: the first of the worst."""
    return min(range(len(scenarios)), key=lambda i: (WORST_FIRST.index(scenarios[i].counts_as), i))


def suite_answer(run: RunRecord, answers: Sequence[tuple[ScenarioRecord, Answer]]) -> Answer:
    """Answer for the whole run; where it is not PASS, with the words of its worst scenario."""
    question = text("Do Services spread new connections as declared, on this cluster?")
    if run.errors and Word.FAIL not in {scenario.counts_as for scenario in run.scenarios}:
        return Answer(Mark.INVALID, question, *_stopped(run, run.errors[0]))
    if not answers:
        finding = Finding("This run cannot tell.", text("No scenario was run."), text("Nothing was judged."), ())
        nothing = Diagnosis("Why?", (), text("Look at the last lines of its output, then run again:"), run.command)
        return Answer(Mark.INVALID, question, finding, nothing)
    scenario, said = answers[worst(run.scenarios)]
    word = run.word
    if word is Word.PASS:
        headline = text("{all} came out as {they} must.", all=_all(run), they="it" if len(answers) == 1 else "they")
        diagnosis = Diagnosis(
            "What could it have missed?",
            said.diagnosis.evidence,
            text("Nothing. To show it again on the same versions:"),
            run.command,
        )
    else:
        lead = said.finding.headline if scenario.control is None else text("its fault was not found out.")
        headline = text("`{name}`: {said}", name=scenario.name, said=lead)
        diagnosis = said.diagnosis
    return Answer(
        mark=Mark(word.value),
        question=question,
        finding=Finding(
            lead={Word.PASS: "Yes.", Word.FAIL: "No."}.get(word, said.finding.lead),
            headline=headline,
            figures=text(
                "{n} in {time}: {became}.", n=counted(len(answers), "scenario"), time=_seconds(run), became=_became(run)
            ),
            how_sure=(*said.finding.how_sure, *_false_alarms(run)),
        ),
        diagnosis=diagnosis,
    )


def _stopped(run: RunRecord, first: ErrorRecord) -> tuple[Finding, Diagnosis]:
    judged = text("{n} judged: {became}.", n=spelled(len(run.scenarios), "scenario").capitalize(), became=_became(run))
    finding = Finding(
        "This run cannot tell.",
        text("`{test}` ended in an error.", test=first.test.rpartition("::")[2]),
        judged,
        (text("What was judged holds; of the rest **nothing is known**."),),
    )
    more = len(run.errors) - 1
    others = (text("{more} ended in an error, too: see the output.", more=spelled(more, "more test")),) if more else ()
    why = tuple(text("{line}", line=line) for line in first.problem.splitlines()[:MOST_LINES])
    remedy = text("{remedy}. Then run again:", remedy=first.remedy[:1].upper() + first.remedy[1:].rstrip("."))
    return finding, Diagnosis("Why?", (*why, *others), remedy, run.command)


def _all(run: RunRecord) -> str:
    controls = sum(scenario.control is not None for scenario in run.scenarios)
    scenarios = len(run.scenarios) - controls
    parts = [spelled(n, noun) for n, noun in ((scenarios, "scenario"), (controls, "negative control")) if n]
    return listed(parts).capitalize()


def _seconds(run: RunRecord) -> str:
    return duration(sum(scenario.seconds for scenario in run.scenarios))


def _became(run: RunRecord) -> str:
    plainly = Counter(scenario.counts_as for scenario in run.scenarios if scenario.control is None)
    caught = sum(scenario.caught for scenario in run.scenarios)
    missed = sum(scenario.control is not None for scenario in run.scenarios) - caught
    parts = [f"{number(plainly[Word.PASS]) if plainly[Word.PASS] else 'none'} passed"] if plainly else []
    parts += [f"{number(plainly[word])} {became}" for word, became in _BECAME.items() if plainly[word]]
    parts += [f"{spelled(caught, 'negative control')} caught"] if caught else []
    parts += [f"{spelled(missed, 'negative control')} missed"] if missed else []
    parts += [f"{spelled(len(run.errors), 'test')} ended in an error"] if run.errors else []
    return listed(parts)


def _false_alarms(run: RunRecord) -> tuple[Text, ...]:
    """Add up the rates of the scenarios that are no controls (Boole's inequality)."""
    alphas = [scenario.rule.alpha for scenario in run.scenarios if scenario.control is None]
    if not alphas:
        return ()
    alarms = sum(alphas) * ROUND_NUMBER
    return (
        text(
            "Over all of it, {n}, there {are} at most {alarms} false alarm{s} in {runs} such runs.",
            n=spelled(len(alphas), "scenario"),
            are="is" if alarms <= 1 else "are",
            alarms=f"{alarms:,.3g}",
            s="" if alarms <= 1 else "s",
            runs=f"{ROUND_NUMBER:,}",
        ),
    )
