"""What a Service declares about the pods that answer: the share of new connections each of them gets."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import fsum
from types import MappingProxyType

_SUM_TOLERANCE = 1e-9  # shares written as decimals, such as 0.333333333, still count as a whole


@dataclass(frozen=True, slots=True)
class Law:
    """A declared distribution of new connections: every connection picks its pod independently, with these probabilities.

    ``shares`` maps a pod's key (its UID) to its share, from 0 to 1, in the order given; they sum to 1. A share of 0 declares a
    pod that is there and must not answer: its first answer is an unexpected one, and no tally is kept for it. A single pod is
    a law too (share 1): nothing can be uneven then, and PASS says that nobody else answers.
    Raises ValueError without a pod, for a share outside 0 to 1, and when the shares do not sum to 1.
    """

    name: str
    shares: Mapping[str, float]

    def __post_init__(self) -> None:
        shares = dict(self.shares)
        if not shares:
            raise ValueError("a law needs at least one pod; none was given")
        outside = {pod: share for pod, share in shares.items() if not 0 <= share <= 1}
        if outside:
            raise ValueError(f"a share is a number from 0 to 1; got {outside}")
        total = fsum(shares.values())
        if abs(total - 1) > _SUM_TOLERANCE:
            raise ValueError(f"the shares must sum to 1; they sum to {total:.9g}")
        object.__setattr__(self, "shares", MappingProxyType(shares))

    @property
    def answering(self) -> dict[str, float]:
        """The pods that may answer, those with a share above 0, with their shares, in order."""
        return {pod: share for pod, share in self.shares.items() if share > 0}


def uniform(pods: Iterable[str]) -> Law:
    """Declare that every pod gets the same share, as kube-proxy's random choice does; each pod once, in order of display."""
    listed = tuple(pods)
    if len(set(listed)) < len(listed):
        raise ValueError(f"every pod is to be named once; got {listed}")
    return Law("uniform random", {pod: 1 / len(listed) for pod in listed})
