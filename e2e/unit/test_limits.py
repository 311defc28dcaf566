"""Patience multiplies every time limit: of waits, of programs, and in the words about them."""

import signal
import sys
import time
from collections.abc import Iterator
from itertools import count
from math import inf, nan
from pathlib import Path

import pytest

from evenly import limits
from evenly.errors import EvenlyError
from evenly.k8s import wait
from evenly.process import ProgramError, run, start, stop
from evenly.settings import load


@pytest.fixture(autouse=True)
def patience_of_this_test_only() -> Iterator[None]:
    yield
    limits.be_patient(1.0)


class Clock:
    """Plays time, which passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def monotonic(self) -> float:
        return self.now_s

    def sleep(self, seconds: float) -> None:
        self.now_s += max(seconds, 1e-6)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(wait, "time", made)
    return made


@pytest.mark.parametrize(("patience", "waited_s"), [(1, 30), (2, 60), (0.5, 15)])
def test_a_wait_takes_its_limit_times_the_patience(clock: Clock, patience: float, waited_s: float) -> None:
    limits.be_patient(patience)
    assert not wait.until(lambda: False, limit_s=30)
    assert clock.now_s - 1000 == pytest.approx(waited_s, abs=0.01)
    assert limits.told(30) == f"{waited_s} s"


def test_waits_that_share_one_limit_take_no_longer_together(clock: Clock) -> None:
    limits.be_patient(2)
    asked = count()
    assert wait.until(lambda: next(asked) == 20, limit_s=30, every_s=1)
    assert not wait.until(lambda: False, limit_s=30, since_s=1000, every_s=1)
    assert clock.now_s - 1000 == pytest.approx(60, abs=0.01)


def test_a_program_gets_its_limit_times_the_patience() -> None:
    limits.be_patient(0.05)
    began_s = time.monotonic()
    with pytest.raises(ProgramError, match=r"did not end within 0\.5 s"):
        run(sys.executable, "-c", "import time; time.sleep(60)", timeout_s=10)
    assert time.monotonic() - began_s < 8


def test_a_program_that_is_stopped_gets_its_grace_times_the_patience() -> None:
    limits.be_patient(0.02)
    deaf = "import signal, time; signal.signal(signal.SIGINT, signal.SIG_IGN); print(flush=True); time.sleep(60)"
    with start(sys.executable, "-c", deaf) as program:
        assert program.stdout
        program.stdout.readline()
        began_s = time.monotonic()
        stop(program, signal.SIGINT, grace_s=10)
    assert time.monotonic() - began_s < 8


@pytest.mark.parametrize("factor", [0, -1, nan, inf])
def test_a_patience_that_is_no_factor_is_refused_and_the_last_one_stays(factor: float) -> None:
    limits.be_patient(3)
    with pytest.raises(EvenlyError, match=f"^patience is {factor}\n .*a number above 0"):
        limits.be_patient(factor)
    assert limits.scaled(10) == 30


@pytest.mark.parametrize("given", ["0.9", "0", "nan", "101", "a lot"])
def test_a_patience_below_one_or_beyond_reason_is_refused_as_a_setting(tmp_path: Path, given: str) -> None:
    with pytest.raises(EvenlyError, match=rf"--patience is '?{given}'?\n .*give (1 to 100|a number)"):
        load({"patience": given}, {}, tmp_path)


def test_patience_is_an_option_a_variable_and_a_field_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.evenly]\npatience = 4\n")
    assert load({"patience": "2"}, {"EVENLY_PATIENCE": "3"}, tmp_path).patience == 2
    assert load({}, {"EVENLY_PATIENCE": "3"}, tmp_path).patience == 3
    assert load({}, {}, tmp_path).patience == 4
    assert load({}, {"EVENLY_PATIENCE": ""}, Path("/")).patience == 1


def test_every_limit_says_why_it_is_so_long() -> None:
    source = Path(limits.__file__).read_text(encoding="utf-8")
    names = [name for name in vars(limits) if name.endswith("_S")]
    assert names
    assert [name for name in names if f'\n{name} = {getattr(limits, name)}\n"""Until ' not in source] == []
