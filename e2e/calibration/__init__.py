"""Measures how often verdicts are wrong: `make calibrate`. Not part of the product."""
