"""Evidence of several kinds against one law, under one error rate."""

from collections.abc import Sequence
from math import exp, fsum, log


def ln_mean(ln_evidence: Sequence[float]) -> float:
    """Return the natural logarithm of the mean of what these are the logarithms of.

    A mean of martingales of mean 1 is one too, so that kinds of evidence share one alpha. The sum is taken around the largest
    term, as the terms themselves overflow.
    """
    top = max(ln_evidence)
    return top + log(fsum(exp(ln_e - top) for ln_e in ln_evidence) / len(ln_evidence))
