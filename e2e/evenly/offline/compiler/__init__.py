"""Go programs, compiled on this machine."""
