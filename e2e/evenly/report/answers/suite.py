"""The answer of a whole run: of several scenarios, and of tests that have no load to judge."""

from collections import Counter
from collections.abc import Sequence

from evenly.judge.verdict import Word
from evenly.report.answer import Answer, Diagnosis, Finding, Mark
from evenly.report.text.markup import Text, text
from evenly.report.text.numbers import counted, duration, listed, number, spelled
from evenly.results.schema import ErrorRecord, RunRecord, ScenarioRecord, TestRecord

WORST_FIRST = (Word.FAIL, Word.INVALID, Word.INCONCLUSIVE, Word.PASS)
MOST_LINES = 8  # of an error, in the answer
ROUND_NUMBER = 1_000_000  # of runs, to say how many false alarms there are among so many
_BECAME = {Word.FAIL: "failed", Word.INVALID: "could not tell", Word.INCONCLUSIVE: "not decided"}
_TEST_BECAME = {Word.PASS: "passed", Word.FAIL: "failed"}


def worst(scenarios: Sequence[ScenarioRecord]) -> int:
    """Return the place of the scenario that decides the run's word: the first of the worst, a control only if need be."""
    return min(
        range(len(scenarios)),
        key=lambda i: (WORST_FIRST.index(scenarios[i].contributes), scenarios[i].control is not None, i),
    )


def suite_answer(run: RunRecord, answers: Sequence[tuple[ScenarioRecord, Answer]]) -> Answer:
    """Answer for the whole run; where it is not PASS, with the words of its worst scenario."""
    question = text(
        f"Do Services {'spread new connections as declared' if answers else 'do what is said of them'}, on this cluster?"
    )
    mark, finding, diagnosis = _found(run, answers)
    return Answer(mark, question, finding, diagnosis)


def _found(run: RunRecord, answers: Sequence[tuple[ScenarioRecord, Answer]]) -> tuple[Mark, Finding, Diagnosis]:
    word = run.word
    if run.errors and word is not Word.FAIL:
        return Mark.INVALID, *_stopped(run, run.errors[0])
    failed = [test for test in run.without_scenario if test.word is Word.FAIL]
    if failed and Word.FAIL not in {scenario.contributes for scenario in run.scenarios}:
        return Mark.FAIL, *_failed(run, failed[0])
    if word is Word.PASS and not answers:
        return Mark.PASS, *_seen(run)
    if run.none_applicable and word is Word.INVALID:
        return Mark.INVALID, *_elsewhere(run)
    if not answers:
        finding = Finding("This run cannot tell.", text("No scenario was run."), text("Nothing was judged."), ())
        remedy = text("Look at the last lines of its output, then run again:")
        return Mark.INVALID, finding, Diagnosis("Why?", (), remedy, run.command)
    return Mark(word.value), *_judged(run, *answers[worst(run.scenarios)])


def _judged(run: RunRecord, scenario: ScenarioRecord, said: Answer) -> tuple[Finding, Diagnosis]:
    if run.word is Word.PASS:
        headline = _summary(run)
        diagnosis = Diagnosis(
            "What could it have missed?",
            (*said.diagnosis.evidence, *_left_out(run)),
            text("Nothing. To show it again on the same versions:"),
            run.command,
        )
    else:
        what = said.finding.headline if scenario.control is None else text("its fault was not found out.")
        headline = text("`{name}`: {said}", name=scenario.name, said=what)
        diagnosis = said.diagnosis
    lead = {Word.PASS: "Yes.", Word.FAIL: "No."}.get(run.word, said.finding.lead)
    return Finding(lead, headline, _figures(run), (*said.finding.how_sure, *_false_alarms(run))), diagnosis


def _stopped(run: RunRecord, first: ErrorRecord) -> tuple[Finding, Diagnosis]:
    judged = text("{all} judged: {became}.", all=_all_of(run), became=_became(run))
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
    finding = Finding("No.", text("`{name}` did not see what it claims.", name=test.name), _figures(run), (sure,))
    why = tuple(text("{line}", line=line) for line in (f"It claims: {test.sentence}", *test.problem.splitlines()[:MOST_LINES]))
    return finding, Diagnosis(
        "Why?", why, text("Read the whole assertion in the output of the run. To see it again:"), run.command
    )


def _seen(run: RunRecord) -> tuple[Finding, Diagnosis]:
    sure = text("Each was seen to happen once, on this cluster; nothing was counted.")
    finding = Finding("Yes.", _summary(run), _figures(run), (sure,))
    missed = text("Each test looked at what its sentence says, and at nothing else.")
    again = text("Nothing. To show it again on the same versions:")
    return finding, Diagnosis("What could it have missed?", (missed, *_left_out(run)), again, run.command)


def _elsewhere(run: RunRecord) -> tuple[Finding, Diagnosis]:
    finding = Finding("This run cannot tell.", text("None of its tests is applicable to this cluster."), _figures(run), ())
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


def ran(run: RunRecord) -> str:
    """Say how much was run, in digits: "3 scenarios and 2 other tests"."""
    kinds = ((len(run.scenarios), "scenario"), (len(run.without_scenario), _test(run)))
    return listed([counted(n, noun) for n, noun in kinds if n]) or "nothing judged"


def _all_of(run: RunRecord) -> str:
    """Say how much was run, in words, to begin a sentence: "One scenario"."""
    kinds = ((len(run.scenarios), "scenario"), (len(run.without_scenario), _test(run)))
    return listed([spelled(n, noun) for n, noun in kinds if n] or ["nothing"]).capitalize()


def _figures(run: RunRecord) -> Text:
    """Say how much was run, how long that took, and what became of it."""
    time = duration(sum(seconds for _, seconds in run.seconds))
    return text("{ran} in {time}: {became}.", ran=ran(run), time=time, became=_became(run))


def _summary(run: RunRecord) -> Text:
    """Say of a run that passed what there was in it."""
    controls = sum(scenario.control is not None for scenario in run.scenarios)
    kinds = (
        (len(run.scenarios) - controls, "scenario"),
        (controls, "negative control"),
        (len(run.without_scenario), _test(run)),
    )
    parts = listed([spelled(n, noun) for n, noun in kinds if n])
    they = "it" if sum(n for n, _ in kinds) == 1 else "they"
    return text("{parts} came out as {they} must.", parts=parts.capitalize(), they=they)


def _became(run: RunRecord) -> str:
    """Say what became of all that was run: "two passed and one negative control caught"."""
    plainly = Counter(scenario.contributes for scenario in run.scenarios if scenario.control is None)
    caught = sum(scenario.caught for scenario in run.scenarios)
    missed = sum(scenario.control is not None for scenario in run.scenarios) - caught
    tests = Counter(test.word for test in run.without_scenario)
    parts = [f"{number(plainly[Word.PASS]) if plainly[Word.PASS] else 'none'} passed"] if plainly else []
    parts += [f"{number(plainly[word])} {end}" for word, end in _BECAME.items() if plainly[word]]
    parts += [f"{spelled(caught, 'negative control')} caught"] if caught else []
    parts += [f"{spelled(missed, 'negative control')} missed"] if missed else []
    parts += [f"{spelled(tests[word], _test(run))} {end}" for word, end in _TEST_BECAME.items() if tests[word]]
    parts += [f"{spelled(len(run.errors), 'test')} ended in an error"] if run.errors else []
    parts += [f"{spelled(len(run.not_applicable), 'test')} not applicable"] if run.not_applicable else []
    return listed(parts)


def _test(run: RunRecord) -> str:
    return "other test" if run.scenarios else "test"
