"""The machine-readable reports."""
