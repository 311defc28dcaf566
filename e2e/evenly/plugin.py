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
def pytest_runtest_makereport(call: pytest.CallInfo[None]) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show an error that is meant for a person as it is, without a traceback."""
    report = yield
    if call.excinfo and isinstance(call.excinfo.value, EvenlyError):
        report.longrepr = str(call.excinfo.value)
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
        for line in run.report.whole.lines:
            terminalreporter.write_line(line)
        terminalreporter.write_line("")
        for name, seconds in (*run.record.steps, *((scenario.name, scenario.seconds) for scenario in run.record.scenarios)):
            terminalreporter.write_line(f"{seconds:6.1f} s  {name}")
        terminalreporter.write_line(f"Report: {run.report.page}")


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Say by the exit code what kind of verdict failed the run, and 130 for Ctrl-C."""
    run = session.config.stash.get(RUN, None)
    if exitstatus == pytest.ExitCode.INTERRUPTED:
        session.exitstatus = INTERRUPTED_EXIT_CODE
    elif exitstatus == pytest.ExitCode.TESTS_FAILED and run and run.record.word is not Word.PASS:
        session.exitstatus = run.record.word.exit_code
