"""What is shown of each test of a run, and of each claim that its tests are marked with."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from evenly.judge.verdict import Word
from evenly.report.answer import Mark
from evenly.report.answers.suite import WORST_FIRST
from evenly.report.charts.request_path import PathPicture, path_picture
from evenly.report.page.claims import CLAIMS, Claim
from evenly.report.text.markup import clean, cut
from evenly.report.text.numbers import listed, number
from evenly.results.schema import Attachment, RunRecord, ScenarioRecord, TestRecord

MOST_LINES = 200  # of an attachment, and of what went wrong
LONGEST_LINE = 400  # characters

IN_PART = "in part"

_BECAME = {
    Mark.PASS: ("holds", "hold"),
    IN_PART: (f"holds {IN_PART}", f"hold {IN_PART}"),
    Mark.FAIL: ("does not", "do not"),
    Mark.INVALID: ("cannot be told", "cannot be told"),
    Mark.INCONCLUSIVE: ("is not decided", "are not decided"),
    Mark.CAUGHT: ("was seen in negative controls only", "were seen in negative controls only"),
    Mark.NOT_APPLICABLE: ("is not applicable", "are not applicable"),
    None: ("was not looked at", "were not looked at"),
}


@dataclass(frozen=True, slots=True)
class ShownAttachment:
    """Something that a test shows: the lines of a transcript, and a picture where it is of a request's way."""

    title: str
    path: PathPicture | None
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ShownTest:
    """A test, and where on the page it is told of: in a section of its own, or in that of one of its loads."""

    record: TestRecord
    mark: Mark
    address: str
    own: bool  # has a section of its own
    loads: tuple[tuple[str, str], ...]  # of each of its loads the name and the address
    went_wrong: tuple[str, ...]  # lines
    remedies: tuple[str, ...]
    attachments: tuple[ShownAttachment, ...]

    @property
    def fine(self) -> bool:
        """Whether it came out as it must, or is not applicable."""
        return self.record.word in {Word.PASS, None}


@dataclass(frozen=True, slots=True)
class ShownClaim:
    """A claim, the tests that name it, and the worst of their words; None where no test of the run names it."""

    claim: Claim
    tests: tuple[ShownTest, ...]
    mark: Mark | None

    @property
    def in_part(self) -> str:
        """``IN_PART`` where it holds as far as it was seen, but some of what shows it is not applicable."""
        part = self.mark is Mark.PASS and any(test.mark is Mark.NOT_APPLICABLE for test in self.tests)
        return IN_PART if part else ""


def anchor(number: int) -> str:
    """Name the section of one of the run's scenarios."""
    return f"scenario-{number + 1}"


def shown_tests(run: RunRecord) -> tuple[ShownTest, ...]:
    """Work out what is shown of each test that has ended, in their order."""
    return tuple(_shown(run, i) for i in range(len(run.tests)))


def shown_claims(tests: Sequence[ShownTest]) -> tuple[ShownClaim, ...]:
    """Put the tests to the claims that they name, all twelve claims in their order; nothing where no test names any."""
    if not any(test.record.claims for test in tests):
        return ()
    rows = ((claim, tuple(test for test in tests if claim.number in test.record.claims)) for claim in CLAIMS)
    return tuple(ShownClaim(claim, those, _worst(those)) for claim, those in rows)


def became(claims: Sequence[ShownClaim]) -> str:
    """Say how many claims hold, and what became of the others: "nine hold and three were not looked at"."""
    counts = Counter(claim.in_part or claim.mark for claim in claims)
    return listed([f"{number(counts[mark])} {words[counts[mark] > 1]}" for mark, words in _BECAME.items() if counts[mark]])


def _shown(run: RunRecord, place: int) -> ShownTest:
    test = run.tests[place]
    loads = [(i, scenario) for i, scenario in enumerate(run.scenarios) if scenario.test == test.test]
    errors = [error for error in run.errors if error.test == test.test]
    own = bool(not loads or test.attachments or test in (*run.without_scenario, *run.not_applicable) or errors)
    telling = sorted(loads, key=lambda load: WORST_FIRST.index(load[1].contributes))
    return ShownTest(
        record=test,
        mark=_mark(test, [scenario for _, scenario in loads]),
        address=f"test-{place + 1}" if own else anchor(telling[0][0]),
        own=own,
        loads=tuple((scenario.name, anchor(i)) for i, scenario in loads),
        went_wrong=_lines("\n".join([test.problem, *(error.problem for error in errors)]).strip("\n")),
        remedies=tuple(error.remedy for error in errors),
        attachments=tuple(map(_attachment, test.attachments)),
    )


def _mark(test: TestRecord, loads: Sequence[ScenarioRecord]) -> Mark:
    if loads and all(load.control for load in loads) and test.word in {Word.PASS, Word.FAIL}:
        if test.word is Word.PASS:
            return Mark.CAUGHT
        if not all(load.caught for load in loads):
            return Mark.MISSED
    return Mark(test.word.value) if test.word else Mark.NOT_APPLICABLE


def _worst(tests: Sequence[ShownTest]) -> Mark | None:
    if not tests:
        return None
    words = [test.record.word for test in tests if test.record.word]
    if not words:
        return Mark.NOT_APPLICABLE
    if all(test.mark is Mark.CAUGHT for test in tests if test.record.word):
        return Mark.CAUGHT
    return Mark(min(words, key=WORST_FIRST.index).value)


def _attachment(seen: Attachment) -> ShownAttachment:
    return ShownAttachment(seen.title, path_picture(seen.path) if seen.path else None, _lines(seen.text))


def _lines(text: str) -> tuple[str, ...]:
    lines = [cut(line.expandtabs(), LONGEST_LINE) for line in text.splitlines()]
    more = len(lines) - MOST_LINES
    return (*lines[:MOST_LINES], *([clean(f"… and {more:,} more lines")] if more > 0 else []))
