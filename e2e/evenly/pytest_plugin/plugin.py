"""The pytest plugin: options, what a person sees while tests run, and the exit code. The fixtures are in fixtures.py."""

import os
from collections.abc import Generator
from dataclasses import fields
from typing import TYPE_CHECKING

import pytest

from evenly import limits
from evenly.errors import EvenlyError, NotApplicableError
from evenly.judge.verdict import Word
from evenly.pytest_plugin import fixtures, markers
from evenly.pytest_plugin.fixtures import ATTACHMENTS, COMMAND, INTERRUPTS, RUN, SECONDS, SETTINGS
from evenly.pytest_plugin.interrupts import Interrupts
from evenly.scenario.outcome import Outcome
from evenly.settings import Settings, command, load, option_flag

if TYPE_CHECKING:
    from evenly.results.schema import Attachment, RunRecord
    from evenly.scenario.run import Run

PHASES = pytest.StashKey[list[tuple[Word | None, str]]]()  # how each phase of a test ended, None: skipped; what failed, or why


def pytest_addoption(parser: pytest.Parser) -> None:
    """Register each setting as an option; pytest-kind registers those of the cluster."""
    group = parser.getgroup("evenly")
    for option in fields(Settings):
        group.addoption(option_flag(option.name), dest=f"evenly_{option.name}", default=None, help=option.metadata["help"])


def pytest_configure(config: pytest.Config) -> None:
    """Read the settings; register the fixtures last, so that ours win over another plugin's of the same name."""
    given = {option.name: config.getoption(f"evenly_{option.name}") for option in fields(Settings)}
    try:
        config.stash[SETTINGS] = load(given, os.environ, config.rootpath)
    except EvenlyError as error:
        raise pytest.UsageError(str(error)) from None
    limits.be_patient(config.stash[SETTINGS].patience)
    config.addinivalue_line("markers", markers.MARKER)
    config.stash[COMMAND] = command(config.invocation_params.args, os.environ)
    config.stash[INTERRUPTS] = Interrupts()
    config.pluginmanager.register(config.stash[INTERRUPTS], "evenly-interrupts")
    config.pluginmanager.register(fixtures, "evenly-fixtures")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """End the run before it begins where a test names a claim that there is not."""
    markers.check(items)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show an error that is meant for a person without a traceback, and have the run note how each of its tests ended."""
    report = yield
    raised = call.excinfo.value if report.failed and call.excinfo else None
    errors, others = _split(raised) if raised else ([], [])
    if errors and not others:
        report.longrepr = "\n".join(dict.fromkeys(map(str, errors)))
    why = _why_not_applicable(errors) if item.config.stash[SETTINGS].context and not others else ""
    if why:
        report.outcome = "skipped"
        report.longrepr = (str(item.path), (item.location[1] or 0) + 1, f"Skipped: {why}")
    run = item.config.stash.get(RUN, None)
    if not run or not isinstance(item, pytest.Function) or "evenly_run" not in item.fixturenames:
        return report
    phases = item.stash.setdefault(PHASES, [])
    judged = call.when == "call" and (not raised or isinstance(raised, (AssertionError, pytest.fail.Exception)))
    if report.failed and judged:
        phases.append((Word.FAIL, str(raised or report.longrepr)))
    elif report.failed:
        phases.append((Word.INVALID, ""))
        for error in (*errors, *map(_as_error, others)):
            run.note_error(item.nodeid, error)
    else:
        phases.append((Word.PASS if report.passed else None, why))
    if call.when == "teardown":
        _note(item, phases, run)
    return report


def pytest_assertrepr_compare(op: str, left: object, right: object) -> list[str] | None:
    """Explain ``assert outcome == PASS``: the answer, the figures, and where the report is."""
    if isinstance(left, Outcome) and isinstance(right, Word):
        return [f"{left!r} {op} {right}", *left.explanation.splitlines(), f"Report: {left.page}"]
    return None


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Close with the run's answer in plain words, and where to read on."""
    run = config.stash.get(RUN, None)
    if run and (run.record.scenarios or run.record.tests):
        terminalreporter.section("evenly")
        record = run.record
        for line in run.report.whole.lines if run.recorded else _words(record):
            terminalreporter.write_line(line)
        terminalreporter.write_line("")
        left_out = {test.name for test in record.not_applicable}
        for name, seconds in (*record.steps, *record.seconds):
            terminalreporter.write_line(f"{seconds:6.1f} s  {name}{': not applicable' if name in left_out else ''}")
        terminalreporter.write_line(f"Report: {run.report.page if run.recorded else 'could not be written'}")


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> Generator[None]:
    """Write the reports a last time, and say by the exit code what kind of verdict failed the run.

    After Ctrl-C everything is taken away here. Whatever goes wrong in either is told, and a run that passed is INVALID then.
    """
    run = session.config.stash.get(RUN, None)
    wrong: list[EvenlyError] = []
    try:
        yield
    except (EvenlyError, ExceptionGroup) as raised:
        wrong, others = _split(raised)
        if others:
            raise
    if run:
        for one in wrong:
            run.note_error("the end of the run", one)
        try:
            run.write()
        except EvenlyError as error:
            wrong.append(error)
    for one in wrong:
        session.config.pluginmanager.getplugin("terminalreporter").write_line(str(one), red=True)
    to_the_end = exitstatus in {pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED}  # OK: no test may have looked at its load
    failed = to_the_end and run and run.record.word is not Word.PASS
    if failed or (wrong and exitstatus != pytest.ExitCode.INTERRUPTED):
        word = run.record.word if run else Word.INVALID
        session.exitstatus = (Word.INVALID if word is Word.PASS else word).exit_code


def _words(record: "RunRecord") -> list[str]:
    """Tell what was judged where the reports cannot."""
    judged = ((scenario.contributes, scenario.name) for scenario in record.scenarios)
    return [f"{word}: {name}" for word, name in (*judged, *((test.word, test.name) for test in record.without_scenario))]


def _note(test: pytest.Function, phases: list[tuple[Word | None, str]], run: "Run") -> None:
    """Have the run note a test that has ended, unless it was skipped by its own words."""
    from evenly.results.schema import TestRecord  # noqa: PLC0415 - where there is a run, this has long been imported

    word, problem = next((phase for phase in phases if phase[0] is not Word.PASS), phases[-1])
    if word or problem:
        took_s: float = test.stash.get(SECONDS, 0.0)
        attached: list[Attachment] = test.stash.get(ATTACHMENTS, [])
        run.note_test(
            TestRecord(
                test.nodeid, markers.claims(test), markers.sentence(test), word, round(took_s, 2), tuple(attached), problem
            )
        )


def _split(raised: BaseException) -> tuple[list[EvenlyError], list[BaseException]]:
    """Take what was raised, also in a group, apart into errors that are meant for a person and others."""
    if isinstance(raised, BaseExceptionGroup):
        parts = [_split(part) for part in raised.exceptions]
        return [e for errors, _ in parts for e in errors], [o for _, others in parts for o in others]
    return ([raised], []) if isinstance(raised, EvenlyError) else ([], [raised])


def _why_not_applicable(errors: list[EvenlyError]) -> str:
    """Return why a test is not applicable; "" where it is, or where something else went wrong, too."""
    return errors[0].problem if errors and all(isinstance(error, NotApplicableError) for error in errors) else ""


def _as_error(raised: BaseException) -> EvenlyError:
    first_line = str(raised).strip().partition("\n")[0]
    return EvenlyError(f"{type(raised).__name__}: {first_line}", "read its traceback in the output of the run")
