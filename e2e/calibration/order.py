"""The order rule for many runs at once: the judge's bets over arrays."""

import numpy as np
import numpy.typing as npt

from calibration.tallies import Floats, Shares, ln_mean

Picks = npt.NDArray[np.intp]  # pods by their place in the law: one row a run, one column a connection, in order


def ln_order(picks: Picks, shares: Shares, after: npt.NDArray[np.intp]) -> Floats:
    """Return ln of the evidence ``Order`` has after so many connections (2 or more): one row a run, one column each."""
    before, pods = picks[:, :-1], picks[:, 1:]
    surplus = (pods == before) - shares[before]
    repeated = earlier(before * shares.size + pods) / shares[pods]
    factors = (1 + surplus, 1 - surplus, (repeated + 1) / (earlier(before) + 1))
    return ln_mean(*(np.log(factor).cumsum(axis=1)[:, after - 2] for factor in factors))


def earlier(values: Picks) -> Picks:
    """Return how often each value was there before, in the same row."""
    places = np.arange(values.shape[1])
    by_value = values.argsort(axis=1, kind="stable")
    ordered = np.take_along_axis(values, by_value, axis=1)
    begins = np.diff(ordered, axis=1, prepend=-1) != 0
    seen = np.empty_like(values)
    np.put_along_axis(seen, by_value, places - np.maximum.accumulate(np.where(begins, places, 0), axis=1), axis=1)
    return seen
