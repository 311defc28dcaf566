"""Faults of nodes and programs, planted from outside of them."""
