"""summary.md: the answer in a sentence, then a table of scenarios and of tests without one; Markdown for a CI job's summary."""

from collections.abc import Sequence

from evenly.report.answer import Answer, Mark
from evenly.report.figures import Figures
from evenly.report.text.markup import Span, Style, cut, markdown, text
from evenly.results.schema import RunRecord, ScenarioRecord, TestRecord

_SIGNS = {
    "PASS": "✅",
    "CAUGHT": "☑️",
    "FAIL": "❌",
    "MISSED": "❌",
    "INVALID": "⚠️",
    "INCONCLUSIVE": "❔",
    "NOT_APPLICABLE": "⚪",
}


def summary(run: RunRecord, answer: Answer, scenarios: Sequence[tuple[ScenarioRecord, Figures, Answer]]) -> str:
    """Render the run's answer and one line per scenario, and per test without one."""
    why = answer.diagnosis
    found = answer.finding
    lines = [
        f"**{_SIGNS[answer.mark]} {answer.mark}. {found.lead}** {markdown(found.headline)} {markdown(found.figures)}",
        "",
        f"**{why.title}** {' '.join(map(markdown, why.evidence))}",
        "",
        f"**What to do?** {markdown(why.remedy)}",
        "",
        *_fenced(why.command),
        "",
        "| Scenario | Verdict | What was found | Connections | Furthest pod, points |",
        "|---|---|---|--:|--:|",
        *(_row(*scenario) for scenario in scenarios),
        *(_test_row(test) for test in (*run.without_scenario, *run.not_applicable)),
        "",
        f"Run {_code(run.run_id)}; the page is `report.html` beside this file.",
    ]
    return "\n".join(lines) + "\n"


def _row(scenario: ScenarioRecord, figures: Figures, answer: Answer) -> str:
    found = f"{answer.finding.lead} {markdown(answer.finding.headline)}"
    furthest = f"{100 * abs(figures.furthest.off):.1f}"
    return f"| {_code(scenario.name)} | {_SIGNS[answer.mark]} {answer.mark} | {found} | {figures.connections:,} | {furthest} |"


def _test_row(test: TestRecord) -> str:
    mark, said = (test.word, test.sentence) if test.word else (Mark.NOT_APPLICABLE, test.problem)
    return f"| {_code(test.name)} | {_SIGNS[mark]} {mark} | {markdown(text('{said}', said=said))} | | |"


def _code(words: str) -> str:
    return markdown((Span(cut(words), Style.CODE),))


def _fenced(command: str) -> list[str]:
    fence = "```" if "```" not in command else "~" * (len(command) + 3)
    return [f"{fence}sh", command, fence]
