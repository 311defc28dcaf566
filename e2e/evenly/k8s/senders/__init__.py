"""Pods that send."""
