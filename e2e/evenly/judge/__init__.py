"""Judges a sample of connections against a declared law; pure: no I/O, no clock, nothing of the other rooms."""

from evenly.judge.attempt import Attempt
from evenly.judge.confidence import interval, visible
from evenly.judge.decide import Judgement, Trial, decide
from evenly.judge.drift import Drift
from evenly.judge.epochs import Epoch, LawChange, epochs
from evenly.judge.fit import Fit, better_fit
from evenly.judge.grey_zone import pass_rates
from evenly.judge.law import Deviation, Law, Pick, Unit, absent, grouped, local_only, round_robin, sticky, uniform, weighted
from evenly.judge.order import Order
from evenly.judge.plan import CONNECTIONS_A_CLIENT, Plan, cap, fixed_plan
from evenly.judge.sample import LOOK_EVERY, Sample
from evenly.judge.share_rule import ALPHA, BETA, DELTA, Look, ShareRule, deviation_to_catch
from evenly.judge.verdict import Cause, Verdict, Word

__all__ = [
    "ALPHA",
    "BETA",
    "CONNECTIONS_A_CLIENT",
    "DELTA",
    "LOOK_EVERY",
    "Attempt",
    "Cause",
    "Deviation",
    "Drift",
    "Epoch",
    "Fit",
    "Judgement",
    "Law",
    "LawChange",
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
    "epochs",
    "fixed_plan",
    "grouped",
    "interval",
    "local_only",
    "pass_rates",
    "round_robin",
    "sticky",
    "uniform",
    "visible",
    "weighted",
]
