"""Makes a run's records, and from the records alone everything that people and tools read of it."""

from evenly.report.render import Report, point_latest, render
from evenly.results.samples import SAMPLES
from evenly.results.store import read_result, write_result

__all__ = ["SAMPLES", "Report", "point_latest", "read_result", "render", "write_result"]
