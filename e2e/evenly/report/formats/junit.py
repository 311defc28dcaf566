"""junit.xml: one test case per scenario and per test without one, for whatever reads JUnit's format."""

from collections.abc import Sequence
from xml.etree import ElementTree as ET  # only written here, never read

from evenly.judge.verdict import Word
from evenly.report.answer import Answer
from evenly.report.text.markup import clean, plain
from evenly.results.schema import RunRecord, ScenarioRecord

# JUnit knows failures and errors. A run that cannot tell or is not decided has not passed, nor has it failed the Service.
_ELEMENT = {Word.FAIL: "failure", Word.INVALID: "error", Word.INCONCLUSIVE: "error"}


def junit(run: RunRecord, answers: Sequence[tuple[ScenarioRecord, Answer]]) -> str:
    """Render the run as a JUnit test suite; a control that is caught counts as passed."""
    words = [*(scenario.contributes for scenario in run.scenarios), *(test.word for test in run.without_scenario)]
    loaded = {scenario.test for scenario in run.scenarios}
    times = [
        *(scenario.seconds for scenario in run.scenarios),
        *(t.seconds for t in run.without_scenario if t.test not in loaded),
    ]
    counts = {
        "tests": str(len(words) + len(run.errors) + len(run.not_applicable)),
        "failures": str(words.count(Word.FAIL)),
        "errors": str(words.count(Word.INVALID) + words.count(Word.INCONCLUSIVE) + len(run.errors)),
        "skipped": str(len(run.not_applicable)),
        "time": f"{sum(times):.3f}",
    }
    suites = ET.Element("testsuites", {"name": "evenly", **counts})
    suite = ET.SubElement(suites, "testsuite", {"name": clean(run.run_id), "timestamp": clean(run.started_at), **counts})
    for scenario, answer in answers:
        _judge(_case(suite, scenario.test, scenario.name, scenario.seconds), scenario, answer)
    for test in run.without_scenario:
        case = _case(suite, test.test, test.test, seconds=0 if test.test in loaded else test.seconds)
        if test.word in _ELEMENT:
            said = {"type": str(test.word), "message": clean(test.problem.partition("\n")[0])}
            ET.SubElement(case, _ELEMENT[test.word], said).text = _lines(test.sentence, test.problem)
        else:
            ET.SubElement(case, "system-out").text = _lines(test.sentence, *(f"{e.title}\n{e.text}" for e in test.attachments))
    for test in run.not_applicable:
        case = _case(suite, test.test, test.test, seconds=0 if test.test in loaded else test.seconds)
        ET.SubElement(case, "skipped", {"message": clean(test.problem)})
    for error in run.errors:
        case = _case(suite, error.test, error.test, seconds=0)
        element = ET.SubElement(case, "error", {"type": "error", "message": clean(error.problem.partition("\n")[0])})
        element.text = _lines(error.problem, f"What to do: {error.remedy}")
    ET.indent(suites)
    return ET.tostring(suites, encoding="unicode", xml_declaration=False).join(
        ('<?xml version="1.0" encoding="UTF-8"?>\n', "\n")
    )


def _judge(case: ET.Element, scenario: ScenarioRecord, answer: Answer) -> None:
    said = "\n".join(answer.lines)
    if scenario.contributes in _ELEMENT:
        kind = f"{scenario.verdict.word}: {scenario.verdict.cause}"
        message = f"{answer.finding.lead} {plain(answer.finding.headline)}"
        ET.SubElement(case, _ELEMENT[scenario.contributes], {"type": kind, "message": message}).text = said
    else:
        ET.SubElement(case, "system-out").text = said


def _lines(*texts: str) -> str:
    return "\n".join(clean(line) for text in texts for line in text.splitlines())


def _case(suite: ET.Element, test: str, otherwise: str, seconds: float) -> ET.Element:
    file, _, name = test.partition("::")
    classname = file.removesuffix(".py").replace("/", ".")
    case = {"classname": clean(classname), "name": clean(name or otherwise), "time": f"{seconds:.3f}"}
    return ET.SubElement(suite, "testcase", case)
