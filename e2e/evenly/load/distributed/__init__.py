"""Several workers of one load, here or in pods."""
