"""A run's folder: everything in it that can be rebuilt from the records, and the link to the latest run."""

from dataclasses import dataclass
from pathlib import Path

from evenly.files import write_whole, writing
from evenly.report.answer import Answer
from evenly.report.answers.suite import suite_answer
from evenly.report.formats.junit import junit
from evenly.report.formats.markdown import summary
from evenly.report.page.page import page, section
from evenly.results.samples import SAMPLES, Samples, SamplesFile
from evenly.results.store import read_result

PAGE = "report.html"
LATEST = "latest"


@dataclass(frozen=True, slots=True)
class Report:
    """What was rendered: the page's path, the answer for the whole run, and one for each scenario in their order."""

    page: Path
    whole: Answer
    answers: tuple[Answer, ...]


def render(folder: Path, file: SamplesFile | None = None) -> Report:
    """Rebuild report.html, junit.xml, summary.md and verdict from result.json and samples.csv.gz.

    The same records give the same bytes. A run that goes on keeps its ``file`` of samples, most of which it has read. Raises
    EvenlyError when a record is missing or damaged, or a file cannot be written.
    """
    run = read_result(folder)
    judged = {scenario.name: scenario.judged for scenario in run.scenarios}
    samples = (file or SamplesFile(folder / SAMPLES)).read(judged)
    sections = tuple(section(run, i, samples.get(scenario.name, Samples())) for i, scenario in enumerate(run.scenarios))
    answers = [(s.record, s.answer) for s in sections]
    alone = len(sections) == 1 and not (
        run.errors or run.without_scenario or run.not_applicable or any(test.attachments for test in run.tests)
    )
    single = sections[0] if alone else None
    whole = single.answer if single else suite_answer(run, answers)
    write_whole(folder / PAGE, page(run, whole, sections, single))
    write_whole(folder / "junit.xml", junit(run, answers))
    write_whole(folder / "summary.md", summary(run, whole, [(s.record, s.figures, s.answer) for s in sections]))
    write_whole(folder / "verdict", f"{run.word}\n")
    return Report(folder / PAGE, whole, tuple(s.answer for s in sections))


def point_latest(folder: Path) -> Path:
    """Make ``latest`` beside a run's folder a relative link to it, in one step, and return the link's path."""
    link = folder.parent / LATEST
    temporary = folder.parent / f".{LATEST}.{folder.name}"
    with writing(link):
        temporary.unlink(missing_ok=True)
        temporary.symlink_to(folder.name, target_is_directory=True)
        try:
            temporary.replace(link)
        finally:
            temporary.unlink(missing_ok=True)
    return link
