"""Sends counted attempts, each on a new connection, and keeps one row of each: Locust as a subprocess, and its ledger."""
