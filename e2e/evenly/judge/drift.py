"""The drift rule: decides whether the shares change while the load runs, though in all they may be even."""

from collections.abc import Sequence
from math import fsum, log
from operator import add

from evenly.judge.law import Law
from evenly.judge.ln_mean import ln_mean
from evenly.judge.mixture import Mixture
from evenly.judge.share_rule import DELTA, deviation_to_catch

LENGTHS = (1, 2, 4, 8)  # blocks: longer changes show in the shares themselves before a test ends


def prior(law: Law, delta: float = DELTA) -> tuple[float, ...]:
    """Return the weights of the Dirichlet prior that a window's shares are taken to come from, in the law's order.

    They are A q for a pod of share q, where 1/A is twice the sum of the squared deviations to catch, as what passes unseen in
    all is larger for a while.
    """
    shares = law.answering.values()
    weight = 1 / (2 * fsum(deviation_to_catch(share, delta) ** 2 for share in shares))
    return tuple(weight * share for share in shares)


class Drift:
    """Starts afresh again and again: windows of 1, 2, 4 and 8 blocks of connections, each with a mixture of its own.

    A window's evidence is that of some shares near the declared ones, whichever, as ``prior`` has them. Windows of one length
    follow one another, so that their product is a martingale of mean 1 under the law, and so is the mean over the
    lengths: it reaches 1/alpha at any time in at most alpha of all runs (Ville 1939).

    Where a block ends must not depend on the pods that its connections got: so many connections in order of start, those that
    started in a span of time, those before a change of the endpoints.
    """

    def __init__(self, law: Law, delta: float = DELTA) -> None:
        mixture = Mixture(tuple(log(share) for share in law.answering.values()), prior(law, delta))
        self._windows = tuple(_Windows(mixture, length) for length in LENGTHS)

    def count(self, hits: Sequence[int], unattributed: int = 0) -> None:
        """Take the next block: the answers per pod in the law's order, and the attempts that nobody knows the pod of."""
        for windows in self._windows:
            windows.count(hits, unattributed)

    @property
    def ln_evidence(self) -> float:
        """The natural logarithm of the evidence so far that the law does not hold all the time; 0 before the first block."""
        return ln_mean([windows.ln_evidence for windows in self._windows])


class _Windows:
    """Windows of one length, one after the other; the last may be incomplete."""

    def __init__(self, mixture: Mixture, length: int) -> None:
        self.ln_evidence = 0.0
        self._mixture = mixture
        self._length = length
        self._begin()

    def _begin(self) -> None:
        self._ln_before = self.ln_evidence
        self._blocks = 0
        self._hits = [0] * len(self._mixture.weights)
        self._unattributed = 0

    def count(self, hits: Sequence[int], unattributed: int) -> None:
        self._blocks += 1
        self._hits = list(map(add, self._hits, hits))
        self._unattributed += unattributed
        self.ln_evidence = self._ln_before + self._mixture.ln_evidence(self._hits, self._unattributed)
        if self._blocks == self._length:
            self._begin()
