"""A private Docker engine, and what it changes on its host."""
