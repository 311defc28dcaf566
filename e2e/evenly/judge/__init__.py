"""Judges a sample of connections against a declared law; pure: no I/O, no clock, nothing of the other rooms."""

from evenly.judge.confidence import interval
from evenly.judge.decide import Judgement, Trial, decide
from evenly.judge.grey_zone import pass_rates
from evenly.judge.law import Law, uniform
from evenly.judge.plan import Plan, cap, fixed_plan
from evenly.judge.sample import LOOK_EVERY, Sample
from evenly.judge.share import ALPHA, BETA, DELTA, Look, ShareRule, deviation_to_catch
from evenly.judge.verdict import Cause, Verdict, Word

__all__ = [
    "ALPHA",
    "BETA",
    "DELTA",
    "LOOK_EVERY",
    "Cause",
    "Judgement",
    "Law",
    "Look",
    "Plan",
    "Sample",
    "ShareRule",
    "Trial",
    "Verdict",
    "Word",
    "cap",
    "decide",
    "deviation_to_catch",
    "fixed_plan",
    "interval",
    "pass_rates",
    "uniform",
]
