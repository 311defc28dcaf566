"""One request followed through every hop."""
