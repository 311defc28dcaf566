"""What the plugin does to somebody's test run; the cluster and the load are played."""

import pytest

pytest_plugins = ["pytester"]

PLAYED = """
import pytest
from evenly.errors import EvenlyError
from evenly.fixtures import RUN
from evenly.judge.verdict import Word
from types import SimpleNamespace

@pytest.fixture
def run_ends_with(request):
    def ends(word):
        whole = SimpleNamespace(lines=("the answer",))
        scenario = SimpleNamespace(name="three_pods", seconds=3.14)
        record = SimpleNamespace(scenarios=(scenario,), word=Word(word), steps=(("create a cluster", 20.0),))
        report = SimpleNamespace(whole=whole, page="reports/latest/report.html")
        request.config.stash[RUN] = SimpleNamespace(record=record, report=report, recorded=True, write=lambda: None)
    return ends
"""


@pytest.fixture
def suite(pytester: pytest.Pytester) -> pytest.Pytester:
    pytester.makeini("[pytest]\naddopts = -p no:locust -p no:cacheprovider\n")
    pytester.makeconftest(PLAYED)
    return pytester


def test_an_option_that_cannot_be_right_ends_the_run_before_it_begins(suite: pytest.Pytester) -> None:
    result = suite.runpytest_inprocess("--clients", "none")
    result.stderr.fnmatch_lines(["ERROR: --clients is 'none'", "*What to do: give a number (int)"])
    assert result.ret == pytest.ExitCode.USAGE_ERROR


@pytest.mark.parametrize(("word", "code"), [("FAIL", 1), ("INCONCLUSIVE", 10), ("INVALID", 11), ("PASS", 1)])
def test_the_exit_code_of_a_failed_run_tells_its_verdict(suite: pytest.Pytester, word: str, code: int) -> None:
    suite.makepyfile(f"def test_it(run_ends_with):\n    run_ends_with('{word}')\n    assert False\n")
    result = suite.runpytest_inprocess()
    assert result.ret == code
    lines = ["the answer", "  20.0 s  create a cluster", "   3.1 s  three_pods", "Report: reports/latest/report.html"]
    result.stdout.fnmatch_lines(lines)


def test_a_control_that_is_caught_does_not_fail_the_run(suite: pytest.Pytester) -> None:
    suite.makepyfile("def test_it(run_ends_with):\n    run_ends_with('PASS')\n")
    assert suite.runpytest_inprocess().ret == pytest.ExitCode.OK


def test_ctrl_c_ends_with_130(suite: pytest.Pytester) -> None:
    suite.makepyfile("def test_it():\n    raise KeyboardInterrupt\n")
    assert suite.runpytest_subprocess().ret == 130


def test_ctrl_c_before_the_session_has_begun_ends_with_130(suite: pytest.Pytester) -> None:
    suite.makeconftest("def pytest_sessionstart():\n    raise KeyboardInterrupt\n")
    assert suite.runpytest_subprocess().ret == 130


def test_an_error_for_a_person_is_shown_without_a_traceback(suite: pytest.Pytester) -> None:
    suite.makepyfile(
        "from evenly.errors import EvenlyError\ndef test_it():\n    raise EvenlyError('no such manifest', 'name one')\n"
    )
    result = suite.runpytest_inprocess()
    result.stdout.fnmatch_lines(["no such manifest", "  What to do: name one"])
    result.stdout.no_fnmatch_line("*raise EvenlyError*")


def test_every_option_and_fixture_is_told(suite: pytest.Pytester) -> None:
    options = suite.runpytest_inprocess("--help").stdout.str()
    assert all(option in options for option in ("--cluster-from", "--context", "--delta", "--converge-s"))
    fixtures = suite.runpytest_inprocess("--fixtures").stdout.str()
    assert "Applies a Service's manifest" in fixtures
    assert "A kind cluster of three nodes made for this run" in fixtures


def test_a_set_up_that_fails_ends_the_run_with_its_reason_and_11(suite: pytest.Pytester) -> None:
    suite.makepyfile("def test_it(cluster):\n    pass\ndef test_another(cluster):\n    pass\n")
    result = suite.runpytest_inprocess("--context", "nowhere", "--kubeconfig", "missing.yaml")
    result.stdout.fnmatch_lines(["there is no context nowhere*", "  What to do: *", "*the run could not be set up*"])
    assert result.ret == 11
    assert "there is no context nowhere" in (suite.path / "reports" / "latest" / "junit.xml").read_text()


COULD_NOT_TELL = """
import pytest, shutil
from evenly.errors import EvenlyError

@pytest.fixture(scope="session")
def stays(evenly_run):
    yield
    raise EvenlyError("the Service stays", "look at its finalizers")

@pytest.fixture(scope="session")
def stays_too(evenly_run):
    yield
    raise EvenlyError("the cluster stays", "delete it by hand")
"""


def test_a_test_that_could_not_tell_ends_the_run_with_11_and_is_in_its_reports(suite: pytest.Pytester) -> None:
    suite.makepyfile(COULD_NOT_TELL + "def test_it(evenly_run):\n    raise EvenlyError('Locust has gone', 'start it again')\n")
    result = suite.runpytest_inprocess()
    assert result.ret == 11
    latest = suite.path / "reports" / "latest"
    assert (latest / "verdict").read_text() == "INVALID\n"
    assert 'message="Locust has gone"' in (latest / "junit.xml").read_text()
    assert "Locust has gone" in (latest / "report.html").read_text()


@pytest.mark.parametrize(("fixture", "noted"), [("evenly_run", 1), ("tmp_path", 0)])
def test_a_traceback_counts_as_could_not_tell_only_where_evenly_is_used(
    suite: pytest.Pytester, fixture: str, noted: int
) -> None:
    suite.makepyfile(f"def test_it({fixture}):\n    {{}}['key']\ndef test_another(evenly_run):\n    pass\n")
    result = suite.runpytest_inprocess()
    result.stdout.fnmatch_lines(["E * KeyError: 'key'"])
    assert suite.path.joinpath("reports/latest/junit.xml").read_text().count("<error ") == noted


def test_reports_that_cannot_be_written_at_the_end_are_told_once_and_end_with_11(suite: pytest.Pytester) -> None:
    test = "def test_it(evenly_run):\n    shutil.rmtree(evenly_run.folder)\n    evenly_run.folder.write_text('a file')\n"
    suite.makepyfile(COULD_NOT_TELL + test)
    result = suite.runpytest_inprocess()
    told = [line for line in result.outlines if "cannot be written" in line]
    assert len(told) == 1
    assert told[0].endswith("result.json cannot be written: Not a directory")
    result.stdout.no_fnmatch_line("*Traceback*")
    assert result.ret == 11


def test_all_that_could_not_be_taken_away_is_told_without_a_traceback(suite: pytest.Pytester) -> None:
    suite.makepyfile(COULD_NOT_TELL + "def test_it(stays, stays_too):\n    pass\n")
    result = suite.runpytest_inprocess()
    result.stdout.fnmatch_lines(["the Service stays", "the cluster stays"])
    result.stdout.no_fnmatch_line("*Traceback*")
    assert result.ret == 11


def test_what_could_not_be_taken_away_after_ctrl_c_is_told_too(suite: pytest.Pytester) -> None:
    suite.makepyfile(COULD_NOT_TELL + "def test_it(stays, stays_too):\n    raise KeyboardInterrupt\n")
    result = suite.runpytest_subprocess()
    result.stdout.fnmatch_lines(["the Service stays", "the cluster stays"])
    assert "Traceback" not in result.stdout.str() + result.stderr.str()
    assert result.ret == 130


def test_progress_reaches_the_terminal_from_within_a_test_on_a_line_of_its_own(suite: pytest.Pytester) -> None:
    suite.makepyfile("def test_it(evenly_run):\n    print('captured')\n    evenly_run.progress.say('waiting for 3 pods')\n")
    result = suite.runpytest_subprocess("--verbose")
    assert "waiting for 3 pods" in result.errlines
    result.stdout.no_fnmatch_line("captured")
