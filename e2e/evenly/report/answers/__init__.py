"""The answers in sentences: of one scenario, and of a run."""
