"""The answer of a whole run: of several scenarios, and of tests that have no load to judge."""

from collections import Counter
from collections.abc import Sequence

from evenly.judge.verdict import Word
from evenly.report.answer import Answer, Diagnosis, Finding, Mark
from evenly.report.answers.counts import all_of, became, came_out, figures
from evenly.report.text.markup import Text, text
from evenly.report.text.numbers import spelled
from evenly.results.schema import ErrorRecord, RunRecord, ScenarioRecord, TestRecord

WORST_FIRST = (Word.FAIL, Word.INVALID, Word.INCONCLUSIVE, Word.PASS)
MOST_LINES = 8  # of an error, in the answer
ROUND_NUMBER = 1_000_000  # of runs, to say how many false alarms there are among so many


def worst(scenarios: Sequence[ScenarioRecord]) -> int:
    """Return the place of the scenario that decides the run's word: the first of the worst, a control only if need be."""
    return min(
        range(len(scenarios)),
        key=lambda i: (WORST_FIRST.index(scenarios[i].counts_as), scenarios[i].control is not None, i),
    )


def suite_answer(run: RunRecord, answers: Sequence[tuple[ScenarioRecord, Answer]]) -> Answer:
    """Answer for the whole run; where it is not PASS, with the words of its worst scenario."""
    question = text(
        f"Do Services {'spread new connections as declared' if answers else 'do what is said of them'}, on this cluster?"
    )
    word = run.word
    if run.errors and word is not Word.FAIL:
        return Answer(Mark.INVALID, question, *_stopped(run, run.errors[0]))
    failed = [test for test in run.untold if test.word is Word.FAIL]
    if failed and Word.FAIL not in {scenario.counts_as for scenario in run.scenarios}:
        return Answer(Mark.FAIL, question, *_failed(run, failed[0]))
    if word is Word.PASS and not answers:
        return Answer(Mark.PASS, question, *_seen(run))
    if run.none_applicable and word is Word.INVALID:
        return Answer(Mark.INVALID, question, *_elsewhere(run))
    if not answers:
        finding = Finding("This run cannot tell.", text("No scenario was run."), text("Nothing was judged."), ())
        nothing = Diagnosis("Why?", (), text("Look at the last lines of its output, then run again:"), run.command)
        return Answer(Mark.INVALID, question, finding, nothing)
    scenario, said = answers[worst(run.scenarios)]
    if word is Word.PASS:
        headline = came_out(run)
        diagnosis = Diagnosis(
            "What could it have missed?",
            (*said.diagnosis.evidence, *_left_out(run)),
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
            figures=figures(run),
            how_sure=(*said.finding.how_sure, *_false_alarms(run)),
        ),
        diagnosis=diagnosis,
    )


def _stopped(run: RunRecord, first: ErrorRecord) -> tuple[Finding, Diagnosis]:
    judged = text("{all} judged: {became}.", all=all_of(run), became=became(run))
    finding = Finding(
        "This run cannot tell.",
        text("`{test}` ended in an error.", test=first.test.rpartition("::")[2]),
        judged,
        (text("What was judged holds; of the rest **nothing is known**."),),
    )
    more = len(run.errors) - 1
    others = (text("And {more} ended in an error: see the output.", more=spelled(more, "more test")),) if more else ()
    problem = "\n".join(first.problem.splitlines()[:MOST_LINES]).rstrip(".") + "."
    why = tuple(text("{line}", line=line) for line in problem.splitlines())
    remedy = text("{remedy}. Then run again:", remedy=first.remedy[:1].upper() + first.remedy[1:].rstrip("."))
    return finding, Diagnosis("Why?", (*why, *others), remedy, run.command)


def _failed(run: RunRecord, test: TestRecord) -> tuple[Finding, Diagnosis]:
    sure = text("Certain, whatever the counts say: an assertion failed.")
    finding = Finding("No.", text("`{name}` did not see what it claims.", name=test.name), figures(run), (sure,))
    why = tuple(text("{line}", line=line) for line in (f"It claims: {test.sentence}", *test.problem.splitlines()[:MOST_LINES]))
    return finding, Diagnosis(
        "Why?", why, text("Read the whole assertion in the output of the run. To see it again:"), run.command
    )


def _seen(run: RunRecord) -> tuple[Finding, Diagnosis]:
    sure = text("Each was seen to happen once, on this cluster; nothing was counted.")
    finding = Finding("Yes.", came_out(run), figures(run), (sure,))
    missed = text("Each test looked at what its sentence says, and at nothing else.")
    again = text("Nothing. To show it again on the same versions:")
    return finding, Diagnosis("What could it have missed?", (missed, *_left_out(run)), again, run.command)


def _elsewhere(run: RunRecord) -> tuple[Finding, Diagnosis]:
    finding = Finding("This run cannot tell.", text("None of its tests is applicable to this cluster."), figures(run), ())
    remedy = text("Leave out the context: a cluster that is made for the run has it all. Or choose other tests than those of")
    return finding, Diagnosis("Why?", _left_out(run), remedy, run.command)


def _left_out(run: RunRecord) -> tuple[Text, ...]:
    """Say for each reason how many tests were not applicable."""
    reasons = Counter(test.problem for test in run.not_applicable)
    return tuple(
        text("{tests} {were} {reason}.", tests=spelled(n, "test").capitalize(), were="was" if n == 1 else "were", reason=reason)
        for reason, n in reasons.items()
    )


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
