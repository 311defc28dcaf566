"""Decides, with known error rates, whether a Kubernetes Service spreads its connections evenly over its pods."""

from evenly.judge.verdict import Cause, Word

PASS, FAIL, INCONCLUSIVE, INVALID = Word.PASS, Word.FAIL, Word.INCONCLUSIVE, Word.INVALID

__all__ = ["FAIL", "INCONCLUSIVE", "INVALID", "PASS", "Cause"]
