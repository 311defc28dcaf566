"""Which other law a sample fits better than the declared one: reported, never a verdict."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import comb, exp, fsum, log

from evenly.judge.attempt import Attempt
from evenly.judge.law import Law, Pick, round_robin, sticky, uniform
from evenly.judge.mixture import Mixture

_MISNAMED = 1e-3  # another law is named for a sample that follows the declared one this often at most
_SLIP = 0.05  # of the connections of a law without chance may go astray: one that does must not rule it out
_MOST = 1e6  # times as likely: beyond it the figure says nothing more


@dataclass(frozen=True, slots=True)
class Fit:
    """Another law that a sample fits better, and how many times as likely it makes the sample: as a logarithm and in words."""

    law: Law
    ln_times: float
    sentence: str


def better_fit(declared: Law, attempts: Sequence[Attempt]) -> Fit | None:
    """Return the law that fits best among a few, if it fits much better than the declared one.

    The few: even over the pods that answered, weighted as seen, round robin, sticky. Each is priced for what it learns from
    the sample itself, so that under a declared law of independent picks the ratio of likelihoods has a mean of 1 at most, and
    one of them reaches their number times 1,000 in at most 1 of 1,000 samples (Markov). Turns are seen only where attempts
    are made one after the other, sticking only with several clients. Attempts that failed, and those of pods without a
    declared share, are left out.
    """
    answering = declared.answering
    known = [attempt for attempt in attempts if attempt.pod in answering]
    if not known:
        return None
    of_declared = _ln_likelihood(declared, known)
    rivals = [(law, ln_likelihood - of_declared) for law, ln_likelihood in _rivals(answering, known)]
    law, ln_times = max(rivals, key=lambda rival: rival[1])
    if ln_times < log(len(rivals) / _MISNAMED):
        return None
    times = f"{exp(ln_times):,.0f}" if ln_times < log(_MOST) else f"more than {_MOST:,.0f}"
    sentence = (
        f"These {len(known):,} connections are {times} times as likely under the law “{law.name}” as under the declared law "
        f"“{declared.name}”."
    )
    return Fit(law, ln_times, sentence)


def _rivals(answering: dict[str, float], attempts: Sequence[Attempt]) -> Iterator[tuple[Law, float]]:
    """Yield the other laws with the logarithm of their likelihood, less the price of what they take from the sample."""
    seen = Counter(attempt.pod for attempt in attempts if attempt.pod is not None)
    answered = [pod for pod in answering if pod in seen]
    pods, some = len(answering), len(answered)
    even = uniform(answered)
    name = even.name if some == pods else f"even over {some} of {pods} pods"
    # Any number of pods was as likely beforehand, and any choice of so many.
    yield Law(name, even.shares), _ln_likelihood(even, attempts) - log(pods * comb(pods, some))

    as_seen = Law("weighted as seen", {pod: seen[pod] / len(attempts) for pod in answering})
    equal = uniform(answering)
    mixture = Mixture(tuple(log(share) for share in equal.shares.values()), (1.0,) * pods)
    yield as_seen, _ln_likelihood(equal, attempts) + mixture.ln_evidence([seen[pod] for pod in answering])

    turns, staying = round_robin(answering), sticky(answering)
    yield turns, _ln_likelihood(turns, attempts)
    if len({attempt.client for attempt in attempts}) > 1:  # one client that stays and a Service that has one pod are the same
        yield staying, _ln_likelihood(staying, attempts)


def _ln_likelihood(law: Law, attempts: Iterable[Attempt]) -> float:
    """Return the logarithm of the chance of these answers, each given the ones before."""
    shares = law.answering
    ln_terms = []
    for attempt, foreseen in _foreseen(law, attempts):
        by_share = shares[attempt.pod or ""]
        ln_terms.append(log(by_share if foreseen is None else _SLIP * by_share + (1 - _SLIP) * (attempt.pod == foreseen)))
    return fsum(ln_terms)


def _foreseen(law: Law, attempts: Iterable[Attempt]) -> Iterator[tuple[Attempt, str | None]]:
    """Yield each attempt with the pod that a law without chance foresees for it, None where chance decides."""
    turns: list[str | None] = []
    own: dict[str, str | None] = {}
    for attempt in attempts:
        foreseen = None
        if law.pick is Pick.IN_TURN and len(turns) >= len(law.answering):
            foreseen = turns[-len(law.answering)]
        elif law.pick is Pick.PER_CLIENT:
            foreseen = own.get(attempt.client)
        yield attempt, foreseen
        turns.append(attempt.pod)
        own[attempt.client] = attempt.pod
