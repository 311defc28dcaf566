"""Container images built on this machine, without an engine."""
