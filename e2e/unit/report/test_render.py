"""A run's folder is rebuilt from its records: the page, JUnit, the summary and the word."""

import base64
import hashlib
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from evenly.errors import EvenlyError
from evenly.judge import Cause, Word
from evenly.report import point_latest, render
from evenly.results.schema import Attachment, ErrorRecord, HopRecord, PathRecord, TargetRecord, TestRecord
from unit.factories import STRAY, RunOf, Simulation, pod_record, simulate

RENDERED = ("report.html", "junit.xml", "summary.md", "verdict")
HOSTILE = "<script>alert(1)</script>\"'`**x**|]]>&\x1b[31m\x00\u202e" + "A" * 300


class Page(HTMLParser):
    """The tags of a page, and the text of each kind of element that matters here."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.within: dict[str, list[str]] = {"style": [], "script": [], "h1": [], "title": []}
        self._inside = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag in self.within:
            self._inside = tag
            self.within[tag].append("")

    def handle_endtag(self, tag: str) -> None:
        if tag == self._inside:
            self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.within[self._inside][-1] += data

    def attributes(self, name: str) -> list[str]:
        return [value or "" for _, attrs in self.tags for key, value in attrs.items() if key == name]


@pytest.fixture(scope="module")
def suite() -> list[Simulation]:
    """A failing scenario between a passing one and a control that is caught."""
    return [
        simulate(name="even"),
        simulate(name="uneven", weights=[1, 1, 0]),
        simulate(name="a_stray_pod", stray=STRAY, control=Cause.UNEXPECTED_POD),
    ]


def test_the_same_records_give_the_same_bytes(run_of: RunOf, suite: list[Simulation]) -> None:
    folder = run_of(*suite)
    render(folder)
    first = {name: (folder / name).read_bytes() for name in RENDERED}
    for name in RENDERED:
        (folder / name).write_bytes(b"spoilt")
    render(folder)
    assert {name: (folder / name).read_bytes() for name in RENDERED} == first


def test_rendering_tells_the_page_and_the_answers(run_of: RunOf, suite: list[Simulation]) -> None:
    folder = run_of(*suite)
    report = render(folder)
    assert report.page == folder / "report.html"
    assert [answer.mark.value for answer in report.answers] == ["PASS", "FAIL", "CAUGHT"]
    assert report.whole.lines[0] == "FAIL: No. uneven: One of the 3 pods got none of 1,000 connections."
    assert "3 scenarios in 9.60 s: one passed, one failed and one negative control caught." in report.whole.lines


@pytest.mark.parametrize(("weights", "word"), [([1, 1, 1], "PASS"), ([1, 1, 0], "FAIL")])
def test_the_verdict_is_one_word_and_a_newline(run_of: RunOf, weights: list[float], word: str) -> None:
    folder = run_of(simulate(weights=weights))
    render(folder)
    assert (folder / "verdict").read_bytes() == f"{word}\n".encode()


def test_a_run_without_a_scenario_is_invalid_but_has_a_page(run_of: RunOf) -> None:
    folder = run_of()
    assert render(folder).whole.mark.value == "INVALID"
    assert (folder / "verdict").read_text() == "INVALID\n"


def test_a_load_that_sent_nothing_has_a_page(run_of: RunOf) -> None:
    made = simulate(attempts=1)
    folder = run_of(Simulation(made.record, ()))
    assert "0 sent = 0 + 0 + 0 answered" in re.sub("<.*?>", "", render(folder).page.read_text()).replace("1 sent", "0 sent")


@pytest.mark.parametrize("count", [1, 3, 10, 100])
def test_a_page_of_one_scenario_is_small_and_whole_for_any_number_of_pods(run_of: RunOf, count: int) -> None:
    pods = [pod_record(i, count) for i in range(count)]
    made = simulate(pods=pods, attempts=20_000 if count == 100 else None)
    html = render(run_of(made)).page.read_text()
    assert len(html.encode()) < 120_000
    for name in (p.name for p in pods):
        assert f">{name}<" in html
    page = Page(html)
    assert len(page.within["h1"]) == 1
    assert html.count('<div class="command">') == 2


def test_a_suite_shows_the_failure_first_and_open(run_of: RunOf, suite: list[Simulation]) -> None:
    html = render(run_of(*suite)).page.read_text()
    page = Page(html)
    assert page.within["h1"] == ["No. uneven: One of the 3 pods got none of 1,000 connections."]
    opened = [attrs.get("id") for tag, attrs in page.tags if tag == "section" and "scenario" in (attrs.get("class") or "")]
    folded = [attrs.get("id") for tag, attrs in page.tags if tag == "details" and attrs.get("class") == "scenario"]
    assert (opened, folded) == (["scenario-2"], ["scenario-1", "scenario-3"])
    assert html.index("What failed: uneven") < html.index("<h2>The scenarios</h2>")


def test_links_lead_to_parts_of_the_page_or_files_beside_it(run_of: RunOf, suite: list[Simulation]) -> None:
    page = Page(render(run_of(*suite)).page.read_text())
    ids = page.attributes("id")
    assert len(ids) == len(set(ids))
    for link in page.attributes("href"):
        assert link.removeprefix("#") in ids if link.startswith("#") else link.startswith("./")


def test_the_page_needs_nothing_from_elsewhere_and_its_policy_forbids_it(run_of: RunOf, suite: list[Simulation]) -> None:
    html = render(run_of(*suite)).page.read_text()
    page = Page(html)
    assert not re.findall(r"(?i)https?:|//[a-z]|@import|url\(|[\s\"'(]data:", html.replace("127.0.0.1:30000", ""))
    assert page.attributes("src") == []
    assert page.attributes("style") == []
    assert not [name for _, attrs in page.tags for name in attrs if name.startswith("on")]
    (policy,) = (attrs["content"] for tag, attrs in page.tags if attrs.get("http-equiv") == "Content-Security-Policy")
    for kind in ("style", "script"):
        (source,) = page.within[kind]
        digest = base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in (policy or "")
    assert (policy or "").startswith("default-src 'none'; ")


def test_hostile_strings_stay_strings_everywhere(run_of: RunOf) -> None:
    pods = [
        replace(
            pod_record(i),
            name=f"{HOSTILE}{i}",
            node=HOSTILE,
            ip=HOSTILE,
            note=HOSTILE,
            owner=f"Job {HOSTILE}",
            labels={"app": HOSTILE},
        )
        for i in range(3)
    ]
    stray = replace(pods[0], uid=HOSTILE, expected=False)
    made = [simulate(pods=pods, stray=stray, name=HOSTILE), simulate(pods=pods, discrepancies=(HOSTILE,), errors=[HOSTILE])]
    places = ("client", "node", "rule", "pod", "back", "answer")
    targets = (TargetRecord(HOSTILE, HOSTILE, HOSTILE, 0.5, taken=True), TargetRecord("", "", "", None, taken=False))
    ways = [
        PathRecord(HOSTILE, HOSTILE, tuple(HopRecord(p, HOSTILE, HOSTILE) for p in places[:n]), targets, HOSTILE, HOSTILE)
        for n in (0, len(places))
    ]
    shown = tuple(Attachment(HOSTILE, HOSTILE, way) for way in (None, *ways))
    words = (Word.PASS, Word.FAIL, Word.INVALID)
    tests = [TestRecord(f"{HOSTILE}::{HOSTILE}{word}", (5,), HOSTILE, word, 1.0, shown, HOSTILE) for word in words]
    folder = run_of(*made, tests=tests, errors=[ErrorRecord(tests[-1].test, HOSTILE, HOSTILE)])
    html = render(folder).page.read_text()
    assert len(Page(html).within["script"]) == 1
    for name in RENDERED:
        written = (folder / name).read_text()
        outside_code = re.sub(r"(?<!`)(`+)(?!`).*?(?<!`)\1(?!`)", "", written) if name == "summary.md" else written
        assert not re.search(r"(?<!\\)<script>alert", outside_code)
        assert not re.findall(r"[\x00-\x09\x0b-\x1f\u202e]", written)
    (tables,) = {
        line.count("|") - line.count("\\|") for line in (folder / "summary.md").read_text().splitlines() if line[:1] == "|"
    }
    assert tables == 6
    ET.parse(folder / "junit.xml")  # noqa: S314 - our own file


def test_junit_counts_failures_and_errors_and_passes_what_is_caught(run_of: RunOf, suite: list[Simulation]) -> None:
    folder = run_of(*suite, simulate(name="invalid", discrepancies=("odd",)), simulate(name="open", attempts=200))
    render(folder)
    root = ET.parse(folder / "junit.xml").getroot()  # noqa: S314 - our own file
    assert (root.get("tests"), root.get("failures"), root.get("errors"), root.get("time")) == ("5", "1", "2", "16.000")
    cases = {case.get("name"): case for case in root.iter("testcase")}
    assert {name: [child.tag for child in case] for name, case in cases.items()} == {
        "test_even": ["system-out"],
        "test_uneven": ["failure"],
        "test_a_stray_pod": ["system-out"],
        "test_invalid": ["error"],
        "test_open": ["error"],
    }
    failure = cases["test_uneven"][0]
    assert failure.get("type") == "FAIL: shares"
    assert failure.get("message") == "No. One of the 3 pods got none of 1,000 connections."
    assert "kubectl -n kube-system delete pod" in (failure.text or "")
    assert cases["test_even"].get("classname") == "e2e.test_spread"


def test_the_summary_begins_with_the_answer_and_lists_every_scenario(run_of: RunOf, suite: list[Simulation]) -> None:
    folder = run_of(*suite)
    render(folder)
    lines = (folder / "summary.md").read_text().splitlines()
    assert lines[0].startswith("**❌ FAIL. No.** `uneven`: One of the 3 pods got none of 1,000 connections.")
    assert [line.split("|")[2].strip() for line in lines if line.startswith("| `")] == ["✅ PASS", "❌ FAIL", "☑️ CAUGHT"]


def test_a_passing_suite_says_so_and_adds_up_its_false_alarms(run_of: RunOf) -> None:
    control = simulate(name="a_stray_pod", stray=STRAY, control=Cause.UNEXPECTED_POD)
    report = render(run_of(simulate(), control))
    assert report.whole.lines[0] == "PASS: Yes. One scenario and one negative control came out as they must."
    assert "Over all of it, one scenario, there is at most 1 false alarm in 1,000,000 such runs." in report.whole.lines[2]


def test_a_missed_control_fails_the_suite_by_name(run_of: RunOf) -> None:
    report = render(run_of(simulate(), simulate(name="sticky", control=Cause.SHARES, seed=1)))
    assert report.whole.mark.value == "FAIL"
    assert report.whole.lines[0] == "FAIL: No. sticky: its fault was not found out."


def test_the_worst_word_decides_whatever_the_order(run_of: RunOf) -> None:
    open_ended = simulate(name="open", attempts=200)
    invalid = simulate(name="odd", discrepancies=("odd",))
    assert render(run_of(open_ended, simulate(), invalid)).whole.mark.value == Word.INVALID.value
    assert render(run_of(simulate(), open_ended)).whole.mark.value == Word.INCONCLUSIVE.value


def test_a_suite_that_passes_speaks_of_a_scenario_not_of_a_control(run_of: RunOf) -> None:
    caught = simulate(name="sticky", control=Cause.SHARES, weights=[1, 0, 0])
    report = render(run_of(caught, simulate()))
    assert report.whole.mark.value == "PASS"
    assert "below 5 points (grey zone)" in " ".join(report.whole.lines)


def test_a_run_without_records_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EvenlyError, match="result"):
        render(tmp_path)


def test_latest_is_a_relative_link_that_moves_to_the_newest_run(tmp_path: Path) -> None:
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        link = point_latest(tmp_path / name)
        assert link == tmp_path / "latest"
        assert link.readlink() == Path(name)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["first", "latest", "second"]


def test_workers_are_told_of_only_where_there_are_several(run_of: RunOf) -> None:
    alone = simulate()
    shared = replace(alone, record=replace(alone.record, load=replace(alone.record.load, workers=2)))
    assert "worker process" not in render(run_of(alone)).page.read_text()
    assert ", 2 worker processes, " in render(run_of(shared)).page.read_text()
