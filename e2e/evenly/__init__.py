"""Decides, with known error rates, whether a Kubernetes Service spreads its connections evenly over its pods."""

from evenly.judge.law import absent, grouped, local_only, round_robin, sticky, uniform, weighted
from evenly.judge.verdict import Cause, Word
from evenly.load.identify import body, header

PASS, FAIL, INCONCLUSIVE, INVALID = Word.PASS, Word.FAIL, Word.INCONCLUSIVE, Word.INVALID

__all__ = [
    "FAIL",
    "INCONCLUSIVE",
    "INVALID",
    "PASS",
    "Cause",
    "absent",
    "body",
    "grouped",
    "header",
    "local_only",
    "round_robin",
    "sticky",
    "uniform",
    "weighted",
]
