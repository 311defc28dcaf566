"""One run: its id, its folder, and its record, from which the reports are made anew after every load."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from evenly.errors import EvenlyError
from evenly.load.ledger import Books, write_samples
from evenly.progress import Progress
from evenly.report import SAMPLES, Report, point_latest, render, write_result
from evenly.report.result import RunRecord, ScenarioRecord


@dataclass(slots=True)
class Run:
    """A run in progress, on disk from its first moment; ``add`` returns when a scenario is in all reports."""

    folder: Path
    record: RunRecord
    progress: Progress
    report: Report = field(init=False)

    def __post_init__(self) -> None:
        self.write()

    @property
    def run_id(self) -> str:
        """The run's name: when it began, and four digits by chance."""
        return self.record.run_id

    @property
    def evidence(self) -> Path:
        """Where each load leaves its own files, in a folder of its own."""
        return self.folder / "evidence"

    def add(self, scenario: ScenarioRecord, books: Books) -> None:
        """Take a scenario and its attempts into the records and write all reports anew."""
        write_samples(self.folder / SAMPLES, scenario.name, books)
        self.record = replace(self.record, scenarios=(*self.record.scenarios, scenario))
        self.write()

    def describe(self, environment: Mapping[str, str]) -> None:
        """Add to what the report says about where the run took place."""
        self.record = replace(self.record, environment={**self.record.environment, **environment})

    def write(self) -> None:
        """Write the record as it stands, and every report from it."""
        steps = tuple((step.name, round(step.seconds, 1)) for step in self.progress.steps)
        self.record = replace(self.record, steps=steps)
        write_result(self.folder, self.record)
        self.report = render(self.folder)
        point_latest(self.folder)


def begin(reports: Path, command: str, progress: Progress) -> Run:
    """Make a run with a folder of its own below ``reports``; EvenlyError when nothing can be written there."""
    now = datetime.now(UTC)
    run_id = f"{now:%Y-%m-%dT%H%M}-{secrets.token_hex(2)}"
    folder = reports / run_id
    try:
        (folder / "evidence").mkdir(parents=True)
    except OSError as error:
        remedy = "name a folder that you may write to: --reports FOLDER"
        raise EvenlyError(f"{folder} cannot be made: {error.strerror}", remedy) from None
    record = RunRecord(run_id, now.isoformat(timespec="seconds"), command, environment={}, steps=(), scenarios=())
    return Run(folder, record, progress)
