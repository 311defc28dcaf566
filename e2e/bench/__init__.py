"""Measures what the load costs beside other load generators, and what the judge costs: `python -m bench`."""
