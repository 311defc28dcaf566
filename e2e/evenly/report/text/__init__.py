"""Sentences, numbers and commands as people read them."""
