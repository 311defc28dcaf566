"""Makes a run's records, and from the records alone everything that people and tools read of it."""

from evenly.report.records import read_result, write_result
from evenly.report.reports import Report, point_latest, render
from evenly.report.samples import SAMPLES

__all__ = ["SAMPLES", "Report", "point_latest", "read_result", "render", "write_result"]
