"""What is lacking is told in the same words by `evenly doctor` and by a run that cannot go on."""

import pytest

from evenly.cluster.host.requirements import LackingError, Requirement, lacking, require

THERE = Requirement("disk", "20 GB free", met=True, remedy="free some")
UNKNOWN = Requirement("memory", "not told", met=None, remedy="look yourself")
ROOT = Requirement("root", "this is user id 7", met=False, remedy="be root")
GO = Requirement("Go", "no Go", met=False, remedy="install Go")


def test_each_finding_has_a_mark_and_a_remedy_where_there_is_something_to_do() -> None:
    assert THERE.lines == ("ok  disk: 20 GB free",)
    assert UNKNOWN.lines == ("??  memory: not told", "    look yourself")
    assert ROOT.lines == ("--  root: this is user id 7", "    be root")


def test_what_cannot_be_told_stops_nobody() -> None:
    assert lacking([THERE, UNKNOWN, ROOT]) == (ROOT,)
    require("it cannot be built", THERE, UNKNOWN)


def test_one_lacking_thing_is_one_sentence() -> None:
    with pytest.raises(LackingError) as caught:
        require("it cannot be built", THERE, ROOT)
    assert str(caught.value) == "it cannot be built: this is user id 7\n  What to do: be root"


def test_several_lacking_things_are_the_lines_of_the_doctor() -> None:
    with pytest.raises(LackingError) as caught:
        require("it cannot be built", THERE, ROOT, UNKNOWN, GO)
    assert caught.value.problem.splitlines() == [
        "it cannot be built:",
        *(f"  {line}" for line in (*ROOT.lines, *GO.lines)),
    ]
    assert "evenly doctor" in caught.value.remedy
