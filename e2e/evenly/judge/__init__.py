"""Judges a sample of connections against a declared law; pure: no I/O, no clock, nothing of the other rooms."""

from evenly.judge.confidence import interval
from evenly.judge.decide import Judgement, Trial, decide
from evenly.judge.drift import Drift
from evenly.judge.exact import Attempt, first_pods, look_exactly
from evenly.judge.fit import Fit, better_fit
from evenly.judge.grey_zone import pass_rates
from evenly.judge.law import Deviation, Law, Pick, Unit, absent, local_only, round_robin, sticky, uniform, weighted
from evenly.judge.order import Order
from evenly.judge.plan import Plan, cap, fixed_plan
from evenly.judge.sample import LOOK_EVERY, Sample
from evenly.judge.share import ALPHA, BETA, DELTA, Look, ShareRule, deviation_to_catch
from evenly.judge.verdict import Cause, Verdict, Word

__all__ = [
    "ALPHA",
    "BETA",
    "DELTA",
    "LOOK_EVERY",
    "Attempt",
    "Cause",
    "Deviation",
    "Drift",
    "Fit",
    "Judgement",
    "Law",
    "Look",
    "Order",
    "Pick",
    "Plan",
    "Sample",
    "ShareRule",
    "Trial",
    "Unit",
    "Verdict",
    "Word",
    "absent",
    "better_fit",
    "cap",
    "decide",
    "deviation_to_catch",
    "first_pods",
    "fixed_plan",
    "interval",
    "local_only",
    "look_exactly",
    "pass_rates",
    "round_robin",
    "sticky",
    "uniform",
    "weighted",
]
