"""One run: its id, its folder, and its record, from which the reports are made anew after every load."""

import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from evenly.errors import EvenlyError
from evenly.files import writing
from evenly.judge.verdict import Word
from evenly.load.client.reconcile import Reconciled
from evenly.progress import Progress
from evenly.report import SAMPLES, Report, point_latest, render, write_result
from evenly.results.samples import SamplesFile, write_samples
from evenly.results.schema import ErrorRecord, RunRecord, ScenarioRecord, TestRecord
from evenly.results.store import EVIDENCE


@dataclass(slots=True)
class Run:
    """A run in progress, on disk from its first moment; ``add`` returns when a scenario is in all reports."""

    folder: Path
    record: RunRecord
    progress: Progress
    report: Report = field(init=False)
    _samples: SamplesFile = field(init=False)
    recorded: bool = field(init=False, default=False)  # whether the reports tell all that the record holds

    def __post_init__(self) -> None:
        self._samples = SamplesFile(self.folder / SAMPLES)
        self.write()

    @property
    def run_id(self) -> str:
        """The run's name: when it began, and four digits by chance."""
        return self.record.run_id

    @property
    def evidence(self) -> Path:
        """Where each load leaves its own files, in a folder of its own."""
        return self.folder / EVIDENCE

    def add(self, scenario: ScenarioRecord, reconciled: Reconciled) -> None:
        """Take a scenario and its attempts into the records and write all reports anew.

        Raises EvenlyError, which tells the verdict all the same, when one of them cannot be written.
        """
        try:
            write_samples(self.folder / SAMPLES, scenario.name, reconciled.samples)
            self.record = replace(self.record, scenarios=(*self.record.scenarios, scenario))
            self.write()
        except EvenlyError as error:
            cause = f" ({scenario.verdict.cause})" if scenario.verdict.cause else ""
            said = f"{scenario.name} ended with {scenario.verdict.word}{cause}, but that could not be recorded"
            raise EvenlyError(f"{said}: {error.problem}", error.remedy) from None

    def note_error(self, test: str, error: EvenlyError) -> None:
        """Take note of a test that could not tell, from the next ``write`` on; the same error is noted once."""
        noted = ErrorRecord(test, error.problem, error.remedy)
        if noted not in self.record.errors:
            self.record = replace(self.record, errors=(*self.record.errors, noted))

    def note_test(self, test: TestRecord) -> None:
        """Take note of a test that has ended, from the next ``write`` on.

        Where an assertion failed on a load that could not tell, or was not decided, the test has that word and not FAIL.
        """
        loads = [scenario for scenario in self.record.scenarios if scenario.test == test.test]
        if test.word is Word.FAIL and loads and loads[-1].contributes is not Word.PASS:
            test = replace(test, word=loads[-1].contributes)
        self.record = replace(self.record, tests=(*self.record.tests, test))

    def describe(self, environment: Mapping[str, str]) -> None:
        """Add to what the report says about where the run took place."""
        self.record = replace(self.record, environment={**self.record.environment, **environment})

    def write(self) -> None:
        """Write the record as it stands, and every report from it; EvenlyError when one of them cannot be written."""
        steps = tuple((step.name, round(step.seconds, 1)) for step in self.progress.steps)
        self.record = replace(self.record, steps=steps)
        self.recorded = False
        write_result(self.folder, self.record)
        self.report = render(self.folder, self._samples)
        point_latest(self.folder)
        self.recorded = True


def begin(reports: Path, command: str, progress: Progress) -> Run:
    """Make a run with a folder of its own below ``reports``; EvenlyError when nothing can be written there."""
    now = datetime.now(UTC)
    folder = _new_folder(reports, now)
    record = RunRecord(folder.name, now.isoformat(timespec="seconds"), command, environment={}, steps=(), scenarios=())
    return Run(folder, record, progress)


def _new_folder(reports: Path, now: datetime) -> Path:
    """Make a run's folder under a name that no run had before, also when the clock was set back to where it has been."""
    while True:
        folder = reports / f"{now:%Y-%m-%dT%H%M}-{secrets.token_hex(2)}"
        with writing(folder), suppress(FileExistsError):
            folder.mkdir(parents=True)
            (folder / "evidence").mkdir()
            return folder
