"""The picture of one request's way: stations on a line, and at the Service's rule a fan to the pods that it may pick."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from evenly.report.figures import shortened
from evenly.report.text.markup import Text, cut, text
from evenly.report.text.numbers import number
from evenly.results.schema import HopRecord, PathRecord, TargetRecord

PLACES = {"Client": ("client",), "Node": ("node",), "Service": ("rule",), "Pod": ("pod",), "Answer": ("back", "answer")}
"""Each station's title, and the hops that tell of it; the last one says that the request was there."""

MOST_TARGETS = 8
LONGEST_WAY = 200  # characters

# pixels, as the style sheet has them
LINE = 9.5  # from the top of the picture to the line
FIRST = 50.0  # to the first target's dot
ROW = 44.0  # from there to the next one
FAN = 44.0  # width of the fan


class Reach(StrEnum):
    """Whether a request is known to have come to a station; END is the first to which it is not."""

    SEEN = "seen"
    END = "end"
    BEYOND = "beyond"


@dataclass(frozen=True, slots=True)
class Address:
    """An address, with the port by itself where that is one of the three that the way is about."""

    host: str
    port: str = ""


@dataclass(frozen=True, slots=True)
class Target:
    """An address that the rule may pick; ``fan`` leads to it, as SVG path data."""

    at: Address
    name: str
    share: str  # "33.3 %", "" where no chance decides
    picked: str  # "picked", "perhaps picked" where nobody counted, or ""
    fan: str


@dataclass(frozen=True, slots=True)
class Station:
    """A place that a whole way comes to, what the request did there or why it did not come, and from where to where it went."""

    title: str
    reach: Reach
    at: Address | None
    told: Text
    ways: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PathPicture:
    """All stations; ``targets`` belong to the fourth, the pod, from which ``back`` leads on, as SVG path data."""

    ports: Text
    stations: tuple[Station, ...]
    targets: tuple[Target, ...]
    others: int  # how many more targets there are
    back: str
    height: float  # of the fan


def path_picture(record: PathRecord) -> PathPicture:
    """Draw the way of a request as far as its record goes, and what would have come after."""
    hops = {hop.place: hop for hop in record.hops}
    shown = _shown(record.targets)
    taken = [target for target in record.targets if target.taken]
    names = shortened([target.pod for target in shown])
    return PathPicture(
        ports=_ports(hops, taken),
        stations=tuple(_stations(record, hops)),
        targets=tuple(_target(target, i, names[i], len(taken)) for i, target in enumerate(shown)),
        others=len(record.targets) - len(shown),
        back=_curve(_row(shown.index(taken[0])), LINE) if "pod" in hops and taken else "",
        height=_row(len(shown)),
    )


def _shown(targets: Sequence[TargetRecord]) -> list[TargetRecord]:
    """Take a few of many, those that were picked before all others."""
    kept = sorted(targets, key=lambda target: not target.taken)[:MOST_TARGETS]
    return [target for target in targets if target in kept]


def _target(target: TargetRecord, place: int, name: str, taken: int) -> Target:
    return Target(
        at=_with_port(target.address),
        name=cut(name),
        share="" if target.share is None else f"{100 * target.share:.1f} %",
        picked=("perhaps picked" if taken > 1 else "picked") if target.taken else "",
        fan=_curve(LINE, _row(place)),
    )


def _row(place: int) -> float:
    return FIRST + ROW * place


def _curve(begin: float, end: float) -> str:
    return f"M0 {begin}C{FAN / 2} {begin} {FAN / 2} {end} {FAN} {end}"


def _with_port(address: str) -> Address:
    host, _, port = address.rpartition(":")
    return Address(f"{cut(host)}:", cut(port))


def _ports(hops: Mapping[str, HopRecord], taken: Iterable[TargetRecord]) -> Text:
    """List the ports that the request came to: "**30000 → 8081 → 8080**"."""
    ports = [_with_port(hops[place].at).port for place in ("node", "rule") if place in hops]
    ports += dict.fromkeys(_with_port(target.address).port for target in taken)
    return text("**{ports}**", ports=" → ".join(ports)) if ports else ()


def _stations(record: PathRecord, hops: Mapping[str, HopRecord]) -> Iterator[Station]:
    told = _told(record)
    ended = False
    for title, places in PLACES.items():
        if places[-1] in hops:
            ways = (way for place in places if place in hops for way in _ways(hops[place]))
            yield Station(title, Reach.SEEN, _at(hops[places[-1]]), told[title], tuple(ways))
        else:
            why = () if ended else text("**It ends here:** {reason}", reason=record.reason)
            yield Station(title, Reach.BEYOND if ended else Reach.END, None, why, ())
            ended = True


def _at(hop: HopRecord) -> Address | None:
    """Return where it was; None for a pod, whose address is among the targets."""
    if hop.place in {"node", "rule"}:
        return _with_port(hop.at)
    return None if hop.place == "pod" else Address(cut(hop.at))


def _ways(hop: HopRecord) -> Iterator[str]:
    if hop.place != "pod" and hop.way != hop.at:  # which say nothing more than what stands above
        yield cut(hop.way, LONGEST_WAY).replace("->", "→")


def _told(record: PathRecord) -> dict[str, Text]:
    """Say what a request does at each station that it comes to."""
    pod = next((target for target in record.targets if target.taken), None)
    chance = " by chance" if all(target.share is not None for target in record.targets) else ""
    several = text("It picks one of {n} pods{chance}.", n=number(len(record.targets)), chance=chance)
    return {
        "Client": text("Sends one request to the entry point of `{node}`, the only address that it knows.", node=record.node),
        "Node": text("`{node}` takes it at its **nodePort**.", node=record.node),
        "Service": text(
            "That leads to the rule of `{service}`, as the Service's own address and **port** do. {pick}",
            service=record.service,
            pick=several if len(record.targets) > 1 else text("It has one pod to pick."),
        ),
        "Pod": text(
            "`{pod}` on `{node}` answers at its **targetPort**. It takes `{client}` for its client.",
            pod=pod.pod if pod else "",
            node=pod.node if pod else "",
            client=record.seen_client,
        ),
        "Answer": text(
            "Comes back on the connection that the client opened: the node has put its own address in the place of the pod's."
        ),
    }
