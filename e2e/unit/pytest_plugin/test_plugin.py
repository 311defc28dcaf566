"""What the plugin does to somebody's test run; the cluster and the load are played."""

import pytest

from evenly.report import read_result

pytestmark = pytest.mark.slow  # each runs a pytest of its own

pytest_plugins = ["pytester"]

PLAYED = """
import pytest
from evenly.errors import EvenlyError
from evenly.pytest_plugin.fixtures import RUN
from evenly.judge.verdict import Word
from types import SimpleNamespace

@pytest.fixture
def run_ends_with(request):
    def ends(word):
        whole = SimpleNamespace(lines=("the answer",))
        scenario = SimpleNamespace(name="three_pods", seconds=3.14)
        took = {"steps": (("create a cluster", 20.0),), "seconds": (("three_pods", 3.14),)}
        record = SimpleNamespace(scenarios=(scenario,), without_scenario=(), not_applicable=(), word=Word(word), **took)
        report = SimpleNamespace(whole=whole, page="reports/latest/report.html")
        request.config.stash[RUN] = SimpleNamespace(record=record, report=report, recorded=True, write=lambda: None)
    return ends
"""


@pytest.fixture
def suite(pytester: pytest.Pytester) -> pytest.Pytester:
    pytester.makeini("[pytest]\naddopts = -p no:locust -p no:cacheprovider -p no:hypothesispytest -p no:xdist\n")
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


@pytest.mark.parametrize(("word", "code"), [("FAIL", 1), ("INCONCLUSIVE", 10), ("INVALID", 11)])
def test_a_load_that_no_assertion_looked_at_fails_the_run_all_the_same(suite: pytest.Pytester, word: str, code: int) -> None:
    suite.makepyfile(f"def test_it(run_ends_with):\n    run_ends_with('{word}')\n")
    assert suite.runpytest_inprocess().ret == code


def test_a_control_that_is_caught_does_not_fail_the_run(suite: pytest.Pytester) -> None:
    suite.makepyfile("def test_it(run_ends_with):\n    run_ends_with('PASS')\n")
    assert suite.runpytest_inprocess().ret == pytest.ExitCode.OK


def test_ctrl_c_ends_with_130(suite: pytest.Pytester) -> None:
    suite.makepyfile("def test_it():\n    raise KeyboardInterrupt\n")
    assert suite.runpytest_subprocess().ret == 130


def test_ctrl_c_before_the_session_has_begun_ends_with_130(suite: pytest.Pytester) -> None:
    suite.makeconftest("def pytest_sessionstart():\n    raise KeyboardInterrupt\n")
    assert suite.runpytest_subprocess().ret == 130


LISTENS = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs, and all they start, ignore it
"""
SWALLOWED = """
import signal
class Finalized:
    def __del__(self):
        signal.raise_signal(signal.SIGINT)
"""


def test_a_swallowed_ctrl_c_ends_the_run_at_its_next_step(suite: pytest.Pytester) -> None:
    suite.makeconftest(LISTENS)
    suite.makepyfile(SWALLOWED + "def test_it():\n    Finalized()\ndef test_another():\n    pass\n")
    result = suite.runpytest_subprocess("-p", "no:unraisableexception")
    result.assert_outcomes(passed=1)
    assert result.ret == 130


def test_a_ctrl_c_that_the_last_test_swallowed_is_told_by_the_exit_code(suite: pytest.Pytester) -> None:
    suite.makeconftest(LISTENS)
    suite.makepyfile(SWALLOWED + "def test_it():\n    Finalized()\n")
    assert suite.runpytest_subprocess("-p", "no:unraisableexception").ret == 130


def test_ctrl_c_at_a_place_without_a_line_ends_with_130(suite: pytest.Pytester) -> None:
    # the first instruction of this function is of no line, as some are that CPython puts in itself
    body = "def f():\n    raise KeyboardInterrupt\n"
    nowhere = "f.__code__ = f.__code__.replace(co_linetable=bytes([0b1_1111_111] * (len(f.__code__.co_code) // 2)))\n"
    suite.makepyfile(body + nowhere + "def test_it():\n    f()\n")
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
    assert "a kind cluster of three nodes made for this run" in fixtures


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


TESTS = """
import pytest, time
from evenly.errors import EvenlyError

pytestmark = pytest.mark.claim(9)

@pytest.fixture(scope="session")
def shared(evenly_run):
    time.sleep(0.3)
    yield
    time.sleep(0.3)

@pytest.mark.claim(10, 5)
def test_a_type_that_is_left_out_is_ClusterIP(shared, show):
    '''Without a type it is reached from inside only.

    More of it.'''
    show("What the API server made of it", "$ kubectl get service\\nspring-service   ClusterIP")

def test_a_port_out_of_range_is_taken(evenly_run):
    assert 32768 < 32767, "the API server took it"

def test_that_errs(evenly_run):
    raise EvenlyError("the API server has gone", "look for it")

def test_that_cannot_be_set_up(evenly_run, missing):
    pass

def test_that_raises_nothing(evenly_run):
    with pytest.raises(ValueError):
        pass

def test_that_is_skipped(evenly_run):
    pytest.skip("not here")

def test_of_something_else():
    assert False
"""


def test_every_test_that_uses_the_run_is_in_its_record(suite: pytest.Pytester) -> None:
    suite.makepyfile(test_claims=TESTS)
    result = suite.runpytest_inprocess("--strict-markers")
    assert result.ret == 1, "FAIL is worse than INVALID"
    run = read_result(suite.path / "reports" / "latest")
    assert [(test.name, test.word) for test in run.tests] == [
        ("a_type_that_is_left_out_is_ClusterIP", "PASS"),
        ("a_port_out_of_range_is_taken", "FAIL"),
        ("that_errs", "INVALID"),
        ("that_cannot_be_set_up", "INVALID"),
        ("that_raises_nothing", "FAIL"),
    ]
    first, second = run.tests[:2]
    assert (first.claims, second.claims) == ((5, 9, 10), (9,))
    assert first.sentence == "Without a type it is reached from inside only."
    assert second.sentence == "A port out of range is taken."
    (attachment,) = first.attachments
    assert attachment.title == "What the API server made of it"
    assert attachment.text.splitlines()[0] == "$ kubectl get service"
    assert second.problem.startswith("the API server took it")
    assert 0 <= first.seconds < 0.3, "what tests share is not the first one's"
    result.stdout.fnmatch_lines(["  *s  a_type_that_is_left_out_is_ClusterIP"])


def test_a_run_of_tests_without_a_load_passes_and_says_so(suite: pytest.Pytester) -> None:
    suite.makepyfile("def test_one(evenly_run):\n    pass\ndef test_two(evenly_run):\n    pass\n")
    result = suite.runpytest_inprocess()
    assert result.ret == 0
    result.stdout.fnmatch_lines(["PASS: Yes. Two tests came out as they must.", "2 tests in 0.?? s: two tests passed."])


@pytest.mark.parametrize("given", ["", "0", "13", "'5'", "True", "1, 99", "number=5"])
def test_a_claim_that_there_is_not_ends_the_run_before_it_begins(suite: pytest.Pytester, given: str) -> None:
    suite.makepyfile(f"import pytest\n@pytest.mark.claim({given})\ndef test_it(evenly_run):\n    pass\n")
    result = suite.runpytest_inprocess()
    result.stderr.fnmatch_lines([f"ERROR: *::test_it is marked claim({given})", "*from 1 to 12*"])
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert not (suite.path / "reports").exists()


def test_a_test_of_which_the_clean_up_fails_could_not_tell(suite: pytest.Pytester) -> None:
    suite.makepyfile(COULD_NOT_TELL + "def test_it(stays):\n    pass\n")
    assert suite.runpytest_inprocess().ret == 11
    (test,) = read_result(suite.path / "reports" / "latest").tests
    assert test.word == "INVALID"


NOT_APPLICABLE = """
import pytest
from evenly.errors import EvenlyError, NotApplicableError

@pytest.fixture
def a_node(evenly_run):
    raise NotApplicableError("nobody gets onto its nodes", "leave it out")

@pytest.mark.claim(3)
def test_that_is_set_up_on_a_node(a_node):
    pass

def test_that_goes_onto_a_node(evenly_run):
    raise NotApplicableError("nobody gets onto its nodes", "leave it out")
"""
APPLICABLE = "\n@pytest.mark.claim(3)\ndef test_it(evenly_run):\n    pass\n"
FAILED = "\ndef test_it(evenly_run):\n    assert False\n"
WRONG_AS_WELL = """
def test_it(evenly_run):
    raise ExceptionGroup("", [NotApplicableError("it has no provider", "leave it out"), EvenlyError("it is gone", "look")])
"""


def test_what_somebodys_cluster_has_not_is_skipped_and_never_counted_as_passed(suite: pytest.Pytester) -> None:
    suite.makepyfile(NOT_APPLICABLE + APPLICABLE)
    result = suite.runpytest_inprocess("-rs", "--context", "theirs")
    result.assert_outcomes(passed=1, skipped=2)
    assert result.ret == 0
    result.stdout.fnmatch_lines(["SKIPPED * not applicable, because nobody gets onto its nodes"])
    result.stdout.fnmatch_lines(
        [
            "PASS: Yes. One test came out as it must.",
            "1 test in *: one test passed and two tests not applicable.",
            "*Two tests were not applicable, because nobody gets onto its nodes.",
            "*that_goes_onto_a_node: not applicable",
        ]
    )
    run = read_result(suite.path / "reports" / "latest")
    assert [(test.word, test.problem) for test in run.tests] == [
        (None, "not applicable, because nobody gets onto its nodes"),
        (None, "not applicable, because nobody gets onto its nodes"),
        ("PASS", ""),
    ]


def test_where_nothing_is_applicable_the_run_cannot_tell(suite: pytest.Pytester) -> None:
    suite.makepyfile(NOT_APPLICABLE)
    result = suite.runpytest_inprocess("--context", "theirs")
    result.assert_outcomes(skipped=2)
    assert result.ret == 11
    result.stdout.fnmatch_lines(["INVALID: This run cannot tell. None of its tests is applicable to this cluster."])
    assert (suite.path / "reports" / "latest" / "verdict").read_text() == "INVALID\n"


@pytest.mark.parametrize(("test", "code", "verdict"), [(FAILED, 1, "FAIL"), (WRONG_AS_WELL, 11, "INVALID")])
def test_what_is_not_applicable_hides_nothing_that_is_wrong(suite: pytest.Pytester, test: str, code: int, verdict: str) -> None:
    suite.makepyfile(NOT_APPLICABLE + test)
    result = suite.runpytest_inprocess("--context", "theirs")
    result.assert_outcomes(failed=1, skipped=2)
    assert result.ret == code
    assert (suite.path / "reports" / "latest" / "verdict").read_text() == f"{verdict}\n"


def test_on_a_cluster_of_ours_everything_is_applicable(suite: pytest.Pytester) -> None:
    suite.makepyfile(NOT_APPLICABLE + APPLICABLE)
    result = suite.runpytest_inprocess()
    result.assert_outcomes(passed=1, failed=1, errors=1)
    assert result.ret == 11
    assert not read_result(suite.path / "reports" / "latest").not_applicable


NODES = """
import pytest
from types import SimpleNamespace

@pytest.fixture(params=["one", "one two"])
def cluster(evenly_run, request):
    return SimpleNamespace(entries=dict.fromkeys(request.param.split(), ""))

def test_every_node(several_nodes):
    pass
"""


def test_what_is_said_of_nodes_is_not_applicable_to_one(suite: pytest.Pytester) -> None:
    suite.makepyfile(NODES)
    result = suite.runpytest_inprocess("-rs", "--context", "theirs")
    result.assert_outcomes(passed=1, skipped=1)
    result.stdout.fnmatch_lines(["SKIPPED * not applicable, because this cluster has no node but one"])


def test_patience_multiplies_the_limits_of_the_whole_run(suite: pytest.Pytester) -> None:
    suite.makepyfile("from evenly.limits import scaled\ndef test_it():\n    assert scaled(10) == 30\n")
    suite.runpytest_subprocess("--patience", "3").assert_outcomes(passed=1)


TWO_SERVICES = """
import pytest
from contextlib import contextmanager
from evenly.scenario import service as module

DIARY = []

@pytest.fixture
def testbed(monkeypatch):
    @contextmanager
    def deployed(bed, scenario, files, *, find):
        DIARY.append(f"{scenario.name} comes")
        yield
        DIARY.append(f"{scenario.name} goes")

    monkeypatch.setattr(module, "service_under_test", deployed)

def test_ports(service):
    service("spring-service.yaml")
    service("local-service.yaml")

def test_after_it():
    assert DIARY == ["ports comes", "ports goes", "ports-2 comes", "ports-2 goes"]
"""


def test_a_second_service_in_a_test_comes_once_the_first_has_gone_and_has_a_name_of_its_own(suite: pytest.Pytester) -> None:
    suite.makepyfile(TWO_SERVICES)
    suite.runpytest_inprocess().assert_outcomes(passed=2)
