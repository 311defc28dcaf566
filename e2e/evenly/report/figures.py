"""The figures of one scenario, per pod and in all: what sentences, charts and tables are made from."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from evenly.judge import Pick, deviation_to_catch, interval
from evenly.results.samples import PodSamples, Samples
from evenly.results.schema import PodRecord, ScenarioRecord

RANDOM_END = 5  # characters that Kubernetes adds to a name it generates


@dataclass(frozen=True, slots=True)
class Latency:
    """Sorted latencies in microseconds."""

    us: tuple[int, ...]

    def percentile(self, p: float) -> int | None:
        """Return the smallest latency that p percent of all do not exceed (nearest rank: one that was measured)."""
        return self.us[max(0, math.ceil(p / 100 * len(self.us)) - 1)] if self.us else None


@dataclass(frozen=True, slots=True)
class PodFigures:
    """One pod: what was declared for it and what it got.

    ``low`` and ``high`` are the ends of its 95 % confidence sequence, which holds for all pods together and at every N.
    """

    pod: PodRecord
    short: str
    declared: float
    delta: float  # the smallest deviation that must be caught; 0 for a pod that was not expected
    answered: int
    chosen: int  # how often the Service chose it: the unit that share and interval rest on
    errors: int
    share: float
    low: float
    high: float
    connect: Latency
    response: Latency

    @property
    def off(self) -> float:
        """How far its share is from the declared one, with its sign."""
        return self.share - self.declared

    @property
    def surely_off(self) -> bool:
        """Whether its declared share lies outside of its confidence sequence."""
        return not self.low <= self.declared <= self.high


@dataclass(frozen=True, slots=True)
class Figures:
    """One scenario: every attempt that was made, whether or not the verdict needed it."""

    pods: tuple[PodFigures, ...]  # the expected ones as declared, then the others
    sent: int
    answered: int
    errors: int
    choices: int  # how often the Service chose a pod
    few_choices: bool  # whether those are too few for a look, though as many requests would not be
    pooled: bool  # whether connections carried several requests though each was to carry one: shares are then of requests
    chi_square_p: float
    g_p: float
    cohen_w: float
    samples: Samples

    @property
    def connections(self) -> int:
        """How many connections were attempted; where each was to carry one request, as many as were sent."""
        return self.choices + self.errors if self.samples.longest_connection > 1 and not self.pooled else self.sent

    @property
    def expected(self) -> tuple[PodFigures, ...]:
        """The pods that were declared."""
        return tuple(pod for pod in self.pods if pod.pod.expected)

    @property
    def comparable(self) -> bool:
        """Whether the customary figures, chi-square and Cohen's w, mean anything: two pods or more, all of them expected."""
        return self.answered > 0 and len(self.expected) > 1 and math.isfinite(self.cohen_w)

    @property
    def furthest(self) -> PodFigures:
        """The expected pod that is furthest off its declared share."""
        return max(self.expected, key=lambda pod: abs(pod.off))

    def of(self, uid: str) -> PodFigures | None:
        """Return the figures of one pod."""
        return next((pod for pod in self.pods if pod.pod.uid == uid), None)


def figures(scenario: ScenarioRecord, samples: Samples) -> Figures:
    """Bring record and samples together; a pod that only the samples know is shown as one that was not expected."""
    records = _pods(scenario, samples)
    answered = sum(pod.answered for pod in samples.pods.values())
    chosen = samples.chosen_by_clients() if scenario.rule.pick is Pick.PER_CLIENT else samples.chosen()
    choices = chosen.total()
    pooled = samples.longest_connection > 1 and not scenario.load.may_reuse
    short = short_names(records)

    def of(pod: PodRecord) -> PodFigures:
        uid, seen = pod.uid, samples.pods.get(pod.uid, PodSamples())
        low, high = interval(chosen[uid], choices, len(records)) if answered else (0.0, 1.0)
        declared = scenario.rule.shares.get(uid, 0.0)
        return PodFigures(
            pod=pod,
            short=short[uid],
            declared=declared,
            delta=deviation_to_catch(declared, scenario.rule.delta),
            answered=seen.answered,
            chosen=chosen[uid],
            errors=seen.errors,
            share=seen.answered / answered if pooled else chosen[uid] / choices if choices else 0.0,
            low=low,
            high=high,
            connect=Latency(tuple(sorted(seen.connect_us))),
            response=Latency(tuple(sorted(seen.response_us))),
        )

    pods = tuple(map(of, records))
    chi_square, degrees = _chi_square(pods, choices), len(scenario.rule.shares) - 1
    return Figures(
        pods=pods,
        sent=samples.sent,
        answered=answered,
        errors=samples.errors.total(),
        choices=choices,
        few_choices=choices < scenario.rule.look_every <= samples.sent,
        pooled=pooled,
        chi_square_p=chi_square_tail(chi_square, degrees),
        g_p=chi_square_tail(_g(pods, choices), degrees),
        cohen_w=math.sqrt(chi_square / choices) if choices else 0.0,
        samples=samples,
    )


def _pods(scenario: ScenarioRecord, samples: Samples) -> list[PodRecord]:
    """List the expected pods as declared, then the others by name."""
    declared = scenario.rule.shares
    here = declared.keys() | samples.pods.keys()  # pods of other epochs are no strays
    known = {pod.uid: pod for pod in scenario.pods if scenario.judged is None or pod.uid in here}
    for uid in here:
        known.setdefault(uid, _unknown(uid, samples.pods.get(uid, PodSamples()), expected=uid in declared))
    return [known[uid] for uid in (*declared, *sorted(known.keys() - declared.keys(), key=lambda u: (known[u].name, u)))]


def strays(scenario: ScenarioRecord, figures: Figures) -> tuple[PodFigures, ...]:
    """Return the pods that answered though they were not expected, first those that the verdict names."""
    named = [pod for pod in figures.pods if pod.pod.uid in scenario.verdict.pods]
    others = [pod for pod in figures.pods if not pod.pod.expected and pod.answered and pod not in named]
    return (*named, *others)


def chi_square_tail(x: float, degrees: int) -> float:
    """Probability that a chi-square variable with this many degrees of freedom exceeds x.

    The finite sums for whole degrees: Abramowitz and Stegun 26.4.4 and 26.4.5.
    """
    if degrees < 1 or math.isinf(x):
        return 1.0 if degrees < 1 else 0.0
    if degrees % 2:
        total, term, start = math.erfc(math.sqrt(x / 2)), math.sqrt(2 * x / math.pi) * math.exp(-x / 2), 3
    else:
        total, term, start = 0.0, math.exp(-x / 2), 2
    for d in range(start, degrees + 1, 2):
        total += term
        term *= x / d
    return total


def _chi_square(pods: Sequence[PodFigures], choices: int) -> float:
    if not choices:
        return 0.0
    terms = ((pod.chosen - choices * pod.declared) ** 2 / (choices * pod.declared) for pod in pods if pod.declared)
    impossible = any(pod.chosen for pod in pods if not pod.declared)
    return math.inf if impossible else sum(terms)


def _g(pods: Sequence[PodFigures], choices: int) -> float:
    """Return the log-likelihood ratio statistic; infinite where chi-square is."""
    if any(pod.chosen for pod in pods if not pod.declared):
        return math.inf
    return 2 * sum(pod.chosen * math.log(pod.chosen / (choices * pod.declared)) for pod in pods if pod.chosen)


def _unknown(uid: str, seen: PodSamples, *, expected: bool) -> PodRecord:
    return PodRecord(
        uid=uid,
        name=seen.name or uid,
        node=seen.node,
        ip="",
        expected=expected,
        owner="",
        labels={},
        created_at="",
        note="",
    )


def short_names(pods: Sequence[PodRecord]) -> dict[str, str]:
    """Name pods, by UID, as `shortened` does."""
    return dict(zip((pod.uid for pod in pods), shortened([pod.name for pod in pods]), strict=True))


def shortened(names: Sequence[str]) -> Sequence[str]:
    """Cut names of pods to their random ends, where that tells them apart."""
    ends = [name.rpartition("-")[2] for name in names]
    clear = len(set(ends)) == len(names) and all(len(end) == RANDOM_END for end in ends)
    return ends if clear else names
