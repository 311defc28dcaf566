"""A folder of things that are made once, whole or not there at all."""
