"""Streams drawn as the evidence against a law mixes them: by other shares, by an order, by shares that drift.

Each kind of evidence is the likelihood ratio of such streams to those that follow the law, so that the whole evidence, their
mean, is that of one third of each kind.
"""

import numpy as np

from calibration.order import Picks
from calibration.runs import Draw, Streams, by_blocks
from calibration.tallies import Counts, Shares, Tallies
from evenly.judge import ShareRule
from evenly.judge.drift import LENGTHS, prior
from evenly.load.plan import PRELUDE

_SHARES, _ORDER, _DRIFT = range(3)


def uneven(tallies: Tallies, runs: int, random: np.random.Generator) -> Streams:
    """Draw streams of all three kinds; after the first connections, those with an order follow the law."""
    kind = random.integers(3, size=runs)
    shares = np.where((kind == _SHARES)[:, None], other_shares(tallies, runs, random), tallies.shares)
    lengths = np.where(kind == _DRIFT, random.choice(LENGTHS, runs), 0)
    streams = by_blocks(drifting(tallies.rule, shares, lengths, random), runs, random)
    ordered = kind == _ORDER
    streams.prelude[ordered] = in_an_order(tallies.shares, int(ordered.sum()), random)
    return streams


def drifting(rule: ShareRule, shares: Shares, lengths: Picks, random: np.random.Generator) -> Draw:
    """Draw with these shares, or with new ones after every so many blocks, where that is not 0, as the drift rule expects."""
    weights, shares = prior(rule.law, rule.delta), shares.copy()

    def draw(going: Picks, number: int, size: int) -> Counts:
        changing = going[lengths[going] > 0]
        begins = changing[number % lengths[changing] == 0]
        shares[begins] = random.dirichlet(weights, begins.size)
        return random.multinomial(size, shares[going])

    return draw


def other_shares(tallies: Tallies, runs: int, random: np.random.Generator) -> Shares:
    """Draw the true shares of each run as the tally for "uneven" mixes them: half at an edge, half anywhere."""
    edge = random.integers(tallies.edge_shares.size, size=runs)
    rows, pods, at = np.arange(runs), tallies.edge_pods[edge], tallies.edge_shares[edge]
    shares: Shares = tallies.shares * ((1 - at) / (1 - tallies.shares[pods]))[:, None]
    shares[rows, pods] = at
    anywhere = random.random(runs) < 1 / 2
    shares[anywhere] = random.dirichlet(np.ones(tallies.shares.size), int(anywhere.sum()))
    return shares


def in_an_order(shares: Shares, runs: int, random: np.random.Generator) -> Picks:
    """Draw the first connections as the three bets of the order rule foresee them, a third of the runs each.

    All are Markov chains: staying has the chances p (1 - q + [same]), leaving p (1 + q - [same]). The bet on a pattern, an urn
    for every pod before, is a mixture of chains whose rows come from Dirichlet(shares) (Blackwell and MacQueen 1973).
    """
    bet = random.integers(3, size=runs)[:, None, None]
    surplus = np.eye(shares.size) - shares[:, None]
    patterns = random.dirichlet(shares, (runs, shares.size))
    below = np.select([bet == 0, bet == 1], [shares * (1 + surplus), shares * (1 - surplus)], patterns).cumsum(axis=2)
    picks = np.empty((runs, PRELUDE), np.intp)
    picks[:, 0] = random.choice(shares.size, runs, p=shares)
    for number in range(1, PRELUDE):
        chance = random.random((runs, 1))
        # The last sum, 1, may be a little less in binary: it is left out.
        picks[:, number] = (chance >= below[np.arange(runs), picks[:, number - 1], :-1]).sum(axis=1)
    return picks
