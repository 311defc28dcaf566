"""The picture of a load over changes: a lane for each pod with its answers a second, one of errors, and the changes across."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from evenly.report.charts.axis import Scale, Tick, linear_steps, thinned
from evenly.report.figures import short_names
from evenly.report.text.numbers import counted, duration
from evenly.results.samples import Samples
from evenly.results.schema import EpochRecord, PodRecord, ScenarioRecord

MOST_BINS = 120
LEAST_BIN_S = 0.1  # at a hundred a second, ten answers
MOST_LANES = 20
HEADROOM = 1.5  # a lane's height, in fair rates of the smallest set of pods: more is cut off, as what comes after a stall
LEAST_ERROR = 0.08  # of a lane's height: one error must be seen
ROOM_FOR_WORDS = 14.0  # percent of the picture's width


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of a lane, from ``at`` on; in percent of the width, ``height`` in percent of the lane from its top."""

    at: float
    width: float
    height: float = 0.0


@dataclass(frozen=True, slots=True)
class Lane:
    """One pod, or the errors (without a name): an area as SVG path data in a box of 1000 x 1000.

    ``ready`` is when the pod was an endpoint, ``absent`` when not; ``fair`` is the height of its fair share, once it was due.
    """

    name: str
    node: str
    when: str  # it was an endpoint
    area: str
    count: str
    ready: tuple[Stretch, ...] = ()
    absent: tuple[Stretch, ...] = ()
    fair: tuple[Stretch, ...] = ()


@dataclass(frozen=True, slots=True)
class Event:
    """A change: where its line stands, and from there the time until the shares were fair again (percent of the width)."""

    at: float
    width: float
    words: str  # beside its number, "" where there is no room for them
    told: str


@dataclass(frozen=True, slots=True)
class TimelinePicture:
    """All lanes on one axis of time: a timeline."""

    lanes: tuple[Lane, ...]
    errors: Lane
    events: tuple[Event, ...]
    ticks: tuple[Tick, ...]
    height: str  # what a lane's full height stands for
    others: int  # how many more pods there are
    told: str


def timeline_picture(scenario: ScenarioRecord, samples: Samples) -> TimelinePicture | None:
    """Draw what each pod answered over time; None for a load whose pods stayed.

    An answer stands where it came, an error where its attempt began, as nobody knows when it was lost.
    """
    seconds = scenario.load.seconds
    if not scenario.epochs or seconds <= 0:
        return None
    across = Scale(0, seconds)
    rate_per_s = scenario.load.rate_per_s or scenario.load.attempts / seconds
    full_per_s = HEADROOM * rate_per_s / min(len(epoch.pods) for epoch in scenario.epochs)
    names = short_names(scenario.pods)
    ready = {pod.uid: tuple(_ready(scenario, pod.uid)) for pod in scenario.pods}
    pods = sorted(scenario.pods, key=lambda pod: ready[pod.uid][:1] or ((seconds, seconds),))

    def lane(pod: PodRecord) -> Lane:
        moments = samples.moments_us.get(pod.uid, [])
        return Lane(
            name=names[pod.uid],
            node=pod.node,
            when=_when(ready[pod.uid], seconds),
            area=_area(moments, seconds, full_per_s),
            count=f"{len(moments):,}",
            ready=tuple(_stretch(across, begin, end) for begin, end in ready[pod.uid]),
            absent=tuple(_stretch(across, begin, end) for begin, end in _between(ready[pod.uid], seconds)),
            fair=tuple(_fair(scenario.epochs, pod.uid, across, rate_per_s / full_per_s)),
        )

    lost = samples.moments_us.get("", [])
    events = tuple(_events(scenario.epochs, across))
    return TimelinePicture(
        lanes=tuple(map(lane, pods[:MOST_LANES])),
        errors=Lane("errors", "", "when they began", _area(lost, seconds, full_per_s, least=LEAST_ERROR), f"{len(lost):,}"),
        events=events,
        ticks=_ticks(across),
        height=f"{full_per_s:,.0f}",
        others=len(pods[MOST_LANES:]),
        told=f"{counted(len(pods), 'pod')} over {duration(seconds)}, with {counted(len(events), 'change')}; "
        f"{counted(len(lost), 'attempt')} without an answer",
    )


def _ready(scenario: ScenarioRecord, uid: str) -> Iterator[tuple[float, float]]:
    """Yield from when to when a pod was an endpoint while the load ran."""
    end_s = scenario.load.seconds
    begin: float | None = None
    for reading in scenario.endpoints:
        at_s = min(max(0.0, reading.at_s), end_s)
        if uid in reading.ready and begin is None:
            begin = at_s
        elif uid not in reading.ready and begin is not None:
            if at_s > begin:
                yield begin, at_s
            begin = None
    if begin is not None and begin < end_s:
        yield begin, end_s


def _between(spans: Sequence[tuple[float, float]], seconds: float) -> Iterator[tuple[float, float]]:
    for (_, begin), (end, _) in pairwise([(0.0, 0.0), *spans, (seconds, seconds)]):
        if end > begin:
            yield begin, end


def _when(spans: Sequence[tuple[float, float]], seconds: float) -> str:
    if not spans:
        return "never"
    if spans == ((0.0, seconds),):
        return "all the time"
    return " and ".join(
        " ".join([f"from {duration(begin)}"] * (begin > 0) + [f"until {duration(end)}"] * (end < seconds))
        for begin, end in spans
    )


def _area(moments_us: Iterable[int], seconds: float, full_per_s: float, least: float = 0.0) -> str:
    """Write the steps of a rate over time; what is more than a lane's height is cut off."""
    step_s = max(LEAST_BIN_S, linear_steps(0, seconds, MOST_BINS)[1])
    step_us = round(step_s * 1e6)  # whole, or what falls on an edge would go to either side
    counts = Counter(us // step_us for us in moments_us if us < seconds * 1e6)
    path, before = "", -1
    for i, count in sorted(counts.items()):
        begin_s, end_s = i * step_s, min((i + 1) * step_s, seconds)
        per_s = count / max(end_s - begin_s, step_s / 2)  # a last moment is no rate
        height = min(1.0, max(least, per_s / full_per_s))
        x, right, y = (f"{v:.1f}" for v in (1000 * begin_s / seconds, 1000 * end_s / seconds, 1000 - 1000 * height))
        path += f"V{y}H{right}" if i == before + 1 and path else f"{'V1000' if path else ''}M{x} 1000V{y}H{right}"
        before = i
    return f"{path}V1000" if path else ""


def _fair(epochs: Iterable[EpochRecord], uid: str, across: Scale, share_height: float) -> Iterator[Stretch]:
    for epoch in epochs:
        if uid in epoch.pods and epoch.settled_s is not None:
            yield _stretch(across, epoch.settled_s, epoch.to_s, 100 - 100 * share_height / len(epoch.pods))


def _events(epochs: Sequence[EpochRecord], across: Scale) -> Iterator[Event]:
    changes = [epoch for epoch in epochs if epoch.change]  # none where the scenario was interrupted before the first
    for epoch, next_at in zip(changes, [*(across.at(epoch.from_s) for epoch in changes[1:]), 100.0], strict=False):
        fair = "never fair" if epoch.fair_after_s is None else f"fair after {duration(epoch.fair_after_s)}"
        whole = _stretch(across, epoch.from_s, epoch.to_s if epoch.settled_s is None else epoch.settled_s)
        lost = f", {sum(epoch.lost.values()):,} lost" if epoch.lost else ""
        yield Event(
            at=whole.at,
            width=whole.width,
            words=fair if next_at - whole.at >= ROOM_FOR_WORDS else "",
            told=f"{duration(epoch.from_s)}: {epoch.change}, {fair}{lost}",
        )


def _stretch(across: Scale, begin: float, end: float, height: float = 0.0) -> Stretch:
    return Stretch(across.at(begin), across.width(begin, end), round(height, 1))


def _ticks(across: Scale) -> tuple[Tick, ...]:
    """Round numbers of seconds, and the end with its unit."""
    ticks = thinned((Tick(across.at(v), f"{v:g}") for v in linear_steps(0, across.high, 6)), apart=9)
    return (*(tick for tick in ticks if tick.at < 100 - ROOM_FOR_WORDS), Tick(100.0, duration(across.high)))
