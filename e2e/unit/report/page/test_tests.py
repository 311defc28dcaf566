"""What the page, JUnit and the summary tell of tests: their claims, their attachments, and those without a load."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from evenly.judge import Cause, Word
from evenly.report import read_result, render
from evenly.report.answer import Mark
from evenly.report.page.claims import CLAIMS
from evenly.report.page.tests import became, shown_claims, shown_tests
from evenly.results.schema import Attachment, ErrorRecord, TestRecord
from unit.factories import RunOf, simulate

TRANSCRIPT = "$ kubectl get service\nNAME             TYPE\nspring-service   NodePort\n\n<b>&\x1b[31m"


def ended(
    name: str, *claims: int, word: Word | None = Word.PASS, shown: Iterable[tuple[str, str]] = (), problem: str = ""
) -> TestRecord:
    attachments = tuple(Attachment(title, text) for title, text in shown)
    return TestRecord(f"e2e/test_spread.py::test_{name}", claims, f"About {name}.", word, 1.24, attachments, problem)


def page_of(folder: Path) -> str:
    return render(folder).page.read_text()


def rows(html: str) -> list[str]:
    """The rows of the table of claims, as text."""
    (table,) = re.findall(r'<table class="claims">.*?</table>', html, re.DOTALL)
    return [" ".join(re.sub("<.*?>", " ", row).split()) for row in re.findall("<tr.*?</tr>", table, re.DOTALL)[1:]]


def test_there_are_twelve_claims_numbered_as_a_marker_names_them() -> None:
    assert [claim.number for claim in CLAIMS] == list(range(1, 13))


def test_every_claim_has_a_row_and_what_was_not_looked_at_says_so(run_of: RunOf) -> None:
    tests = [ended("one", 1, 7), ended("two", 7), ended("three", 10, word=Word.FAIL, problem="inside only")]
    found = rows(page_of(run_of(simulate(name="one"), tests=tests)))
    assert len(found) == 12
    assert found[0].endswith("one 1.2 s PASS")
    assert found[6].endswith("one 1.2 s two 1.2 s PASS")
    assert found[9].endswith("three 1.2 s FAIL")
    rest = [row for i, row in enumerate(found) if i not in {0, 6, 9}]
    assert all(row.endswith("No test of this run looked at it. not run") for row in rest)


def test_a_run_whose_tests_name_no_claim_has_no_table_of_them(run_of: RunOf) -> None:
    assert "twelve claims" not in page_of(run_of(simulate(name="one"), tests=[ended("one"), ended("two")]))


@pytest.mark.parametrize(
    ("marks", "row"),
    [
        ([(Word.PASS, None)], Mark.PASS),
        ([(Word.PASS, Cause.SHARES)], Mark.CAUGHT),
        ([(Word.PASS, Cause.SHARES), (Word.PASS, None)], Mark.PASS),
        ([(Word.PASS, None), (Word.INVALID, None)], Mark.INVALID),
        ([(Word.INVALID, None), (Word.FAIL, None)], Mark.FAIL),
        ([(Word.FAIL, Cause.UNEXPECTED_POD), (Word.PASS, None)], Mark.FAIL),
        ([], None),
    ],
)
def test_the_worst_test_decides_a_claim_and_controls_alone_hold_none(
    run_of: RunOf, marks: Sequence[tuple[Word, Cause | None]], row: Mark | None
) -> None:
    loads = [
        simulate(name=f"t{i}", control=control, weights=[1, 1, 0] if control else None) for i, (_, control) in enumerate(marks)
    ]
    tests = [ended("other", 1), *(ended(f"t{i}", 3, word=word) for i, (word, _) in enumerate(marks))]
    run = read_result(run_of(*loads, tests=tests))
    assert shown_claims(shown_tests(run))[2].mark is row


def test_a_test_of_controls_is_caught_or_missed(run_of: RunOf) -> None:
    caught = simulate(name="caught", control=Cause.SHARES, weights=[1, 1, 0])
    missed = simulate(name="missed", control=Cause.SHARES, seed=1)
    tests = [ended("caught", 2), ended("missed", 3, word=Word.FAIL)]
    html = page_of(run_of(caught, missed, tests=tests))
    assert rows(html)[1].endswith("caught caught, 1.2 s caught")
    assert rows(html)[2].endswith("missed missed, 1.2 s FAIL")


def test_what_became_of_the_claims_is_said_in_words(run_of: RunOf) -> None:
    tests = [ended("one", 1), ended("two", 2, 3), ended("three", 4, word=Word.FAIL), ended("four", 5, word=Word.INVALID)]
    claims = shown_claims(shown_tests(read_result(run_of(tests=tests))))
    assert became(claims) == "three hold, one does not, one cannot be told and seven were not looked at"


def test_a_link_leads_to_the_load_that_tells_or_to_the_tests_own_section(run_of: RunOf) -> None:
    first, second = simulate(name="a"), simulate(name="b", weights=[1, 1, 0])
    second = replace(second, record=replace(second.record, test=first.record.test))
    tests = [ended("a", 1, word=Word.FAIL), ended("alone", 2), ended("with_both", 3, shown=[("Seen", "x")])]
    folder = run_of(first, second, simulate(name="with_both"), tests=tests)
    assert [test.address for test in shown_tests(read_result(folder))] == ["scenario-2", "test-2", "test-3"]
    html = page_of(folder)
    ids = re.findall(r'id="([^"]+)"', html)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'href="#([^"]+)"', html)) <= set(ids)


def test_an_attachment_is_shown_line_by_line_and_escaped(run_of: RunOf) -> None:
    html = page_of(run_of(tests=[ended("one", 8, shown=[("<i>The API server</i>", TRANSCRIPT)])]))
    assert "&lt;i&gt;The API server&lt;/i&gt;</h3>" in html
    (shown,) = re.findall(r'<pre class="transcript.*?>(.*?)</pre>', html, re.DOTALL)
    assert shown.splitlines() == [
        "<b>$ kubectl get service</b>",
        '<span class="row">NAME             TYPE</span>',
        '<span class="row">spring-service   NodePort</span>',
        "",
        "&lt;b&gt;&amp;␛[31m",
    ]


def test_an_attachment_too_long_to_read_is_cut_and_says_so(run_of: RunOf) -> None:
    long = "\n".join(f"line {i} " + "x" * 1000 for i in range(1_300))
    html = page_of(run_of(tests=[ended("one", 8, shown=[("Long", long)])]))
    assert "line 199 " in html
    assert "line 200 " not in html
    assert "… and 1,100 more lines" in html
    assert len(html) < 150_000


def test_a_test_that_shows_something_beside_its_load_makes_a_page_of_both(run_of: RunOf) -> None:
    name = "three_pods_share_evenly"
    assert "<h2>The scenarios</h2>" not in page_of(run_of(simulate(), tests=[ended(name, 1)]))
    both = page_of(run_of(simulate(), tests=[ended(name, 1, shown=[("Seen", "x")])]))
    assert "<h2>The scenarios</h2>" in both
    assert 'id="test-1"' in both


def test_what_went_wrong_is_told_in_an_open_section(run_of: RunOf) -> None:
    failed = ended("failed", word=Word.FAIL, problem="assert 32768 in range")
    erred = ended("erred", word=Word.INVALID)
    errors = [ErrorRecord(erred.test, "the pod is not ready", "look at its events")]
    html = page_of(run_of(tests=[failed, erred], errors=errors))
    for place, lines in (("test-1", ["assert 32768 in range"]), ("test-2", ["the pod is not ready", "look at its events"])):
        (section,) = re.findall(f'<section class="scenario" id="{place}">.*?</section>', html, re.DOTALL)
        assert all(line in section for line in lines)


def test_what_is_not_applicable_is_told_with_its_reason_and_holds_no_claim(run_of: RunOf) -> None:
    why = "not applicable, because it has no provider"
    tests = [ended("one", 1), ended("two", 1, 11, word=None, problem=why), ended("three", 11, word=None, problem=why)]
    folder = run_of(simulate(name="one"), tests=tests)
    report = render(folder)
    assert report.whole.mark is Mark.PASS
    assert report.whole.lines[1].endswith("one passed and two tests not applicable.")
    assert any("Two tests were not applicable, because it has no provider." in line for line in report.whole.lines)
    html = report.page.read_text()
    assert rows(html)[0].endswith("one 1.2 s two not applicable, 1.2 s PASS in part")
    assert rows(html)[10].endswith("two not applicable, 1.2 s three not applicable, 1.2 s not applicable")
    (section,) = re.findall('<details class="scenario" id="test-3">.*?</details>', html, re.DOTALL)
    assert why in section
    assert became(shown_claims(shown_tests(read_result(folder)))) == (
        "one holds in part, one is not applicable and ten were not looked at"
    )
    root = ET.parse(folder / "junit.xml").getroot()  # noqa: S314 - our own file
    assert [root.get(name) for name in ("tests", "failures", "errors", "skipped")] == ["3", "0", "0", "2"]
    assert [skipped.get("message") for skipped in root.iter("skipped")] == [why, why]
    assert f"| `two` | ⚪ NOT_APPLICABLE | {why} |" in (folder / "summary.md").read_text()


def test_a_load_that_passed_is_nothing_where_its_test_is_not_applicable(run_of: RunOf) -> None:
    report = render(run_of(simulate(name="one"), tests=[ended("one", 11, word=None, problem="not applicable, because")]))
    assert report.whole.lines[0] == "INVALID: This run cannot tell. None of its tests is applicable to this cluster."


def test_a_failed_test_decides_the_run_before_one_that_errs(run_of: RunOf) -> None:
    failed, erred = ended("failed", word=Word.FAIL, problem="assert 32768 in range"), ended("erred", word=Word.INVALID)
    folder = run_of(simulate(), tests=[failed, erred], errors=[ErrorRecord(erred.test, "gone", "look")])
    report = render(folder)
    assert report.whole.lines[0] == "FAIL: No. failed did not see what it claims."
    assert "one passed, one other test failed and one test ended in an error." in report.whole.lines[1]
    assert (folder / "verdict").read_text() == "FAIL\n"


def test_junit_and_the_summary_have_each_test_without_a_load_once(run_of: RunOf) -> None:
    erred = ended("erred", word=Word.INVALID)
    tests = [
        ended("loaded", 1),
        ended("shown", 2, shown=[("Seen", TRANSCRIPT)]),
        ended("failed", 3, word=Word.FAIL, problem="assert 1\nmore"),
        erred,
    ]
    folder = run_of(simulate(name="loaded"), tests=tests, errors=[ErrorRecord(erred.test, "gone", "look")])
    render(folder)
    root = ET.parse(folder / "junit.xml").getroot()  # noqa: S314 - our own file
    assert [root.get(name) for name in ("tests", "failures", "errors", "time")] == ["4", "1", "1", "5.680"]
    cases = {case.get("name"): case for case in root.iter("testcase")}
    ends = {name: [child.tag for child in case] for name, case in cases.items()}
    assert ends == {
        "test_loaded": ["system-out"],
        "test_shown": ["system-out"],
        "test_failed": ["failure"],
        "test_erred": ["error"],
    }
    assert cases["test_failed"][0].get("message") == "assert 1"
    assert "spring-service   NodePort" in (cases["test_shown"][0].text or "")
    table = [line for line in (folder / "summary.md").read_text().splitlines() if line.startswith("| `")]
    assert [line.split("|")[1:3] for line in table] == [
        [" `loaded` ", " ✅ PASS "],
        [" `shown` ", " ✅ PASS "],
        [" `failed` ", " ❌ FAIL "],
    ]


def test_the_same_tests_give_the_same_bytes(run_of: RunOf) -> None:
    folder = run_of(simulate(), tests=[ended("one", 1, shown=[("Seen", TRANSCRIPT)]), ended("two", word=Word.FAIL)])
    names = ("report.html", "junit.xml", "summary.md", "verdict")
    render(folder)
    first = {name: (folder / name).read_bytes() for name in names}
    render(folder)
    assert {name: (folder / name).read_bytes() for name in names} == first


def test_seconds_of_a_test_stand_for_its_loads(run_of: RunOf) -> None:
    run = read_result(run_of(simulate(name="one"), simulate(name="interrupted"), tests=[ended("one"), ended("two")]))
    assert run.seconds == (("one", 1.24), ("two", 1.24), ("interrupted", 3.2))
