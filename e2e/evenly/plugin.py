"""The pytest plugin: options, what a person sees while tests run, and the exit code. The fixtures are in fixtures.py."""

import os
from collections.abc import Generator
from dataclasses import fields

import pytest

from evenly import fixtures
from evenly.errors import EvenlyError
from evenly.fixtures import COMMAND, RUN, SETTINGS
from evenly.judge.verdict import Word
from evenly.outcome import Outcome
from evenly.settings import Settings, command, load, option_flag

INTERRUPTED_EXIT_CODE = 130


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
    config.stash[COMMAND] = command(config.invocation_params.args, os.environ)
    config.pluginmanager.register(fixtures, "evenly-fixtures")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show an error that is meant for a person without a traceback, and have the run note a test that could not tell."""
    report = yield
    if not report.failed or not call.excinfo:
        return report
    raised = call.excinfo.value
    errors, others = _split(raised)
    if errors and not others:
        report.longrepr = "\n".join(dict.fromkeys(map(str, errors)))
    run = item.config.stash.get(RUN, None)
    judged = call.when == "call" and isinstance(raised, (AssertionError, pytest.fail.Exception))
    if run and "evenly_run" in getattr(item, "fixturenames", ()) and not judged:
        for error in (*errors, *map(_as_error, others)):
            run.note_error(item.nodeid, error)
    return report


def pytest_assertrepr_compare(op: str, left: object, right: object) -> list[str] | None:
    """Explain ``assert outcome == PASS``: the answer, the figures, and where the report is."""
    if isinstance(left, Outcome) and isinstance(right, Word):
        return [f"{left!r} {op} {right}", *left.explanation.splitlines(), f"Report: {left.page}"]
    return None


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Close with the run's answer in plain words, and where to read on."""
    run = config.stash.get(RUN, None)
    if run and run.record.scenarios:
        terminalreporter.section("evenly")
        scenarios = run.record.scenarios
        for line in run.report.whole.lines if run.recorded else (f"{one.counts_as}: {one.name}" for one in scenarios):
            terminalreporter.write_line(line)
        terminalreporter.write_line("")
        for name, seconds in (*run.record.steps, *((scenario.name, scenario.seconds) for scenario in scenarios)):
            terminalreporter.write_line(f"{seconds:6.1f} s  {name}")
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
    failed = exitstatus == pytest.ExitCode.TESTS_FAILED and run and run.record.word is not Word.PASS
    if failed or (wrong and exitstatus != pytest.ExitCode.INTERRUPTED):
        word = run.record.word if run else Word.INVALID
        session.exitstatus = (Word.INVALID if word is Word.PASS else word).exit_code


def pytest_unconfigure(config: pytest.Config) -> None:
    """Say by the exit code that it was Ctrl-C, also where that came before the session began."""
    session = config.pluginmanager.getplugin("session")
    if session and session.exitstatus == pytest.ExitCode.INTERRUPTED:
        session.exitstatus = INTERRUPTED_EXIT_CODE


def _split(raised: BaseException) -> tuple[list[EvenlyError], list[BaseException]]:
    """Take what was raised, also in a group, apart into errors that are meant for a person and others."""
    if isinstance(raised, BaseExceptionGroup):
        parts = [_split(part) for part in raised.exceptions]
        return [e for errors, _ in parts for e in errors], [o for _, others in parts for o in others]
    return ([raised], []) if isinstance(raised, EvenlyError) else ([], [raised])


def _as_error(raised: BaseException) -> EvenlyError:
    first_line = str(raised).strip().partition("\n")[0]
    return EvenlyError(f"{type(raised).__name__}: {first_line}", "read its traceback in the output of the run")
