"""Trigger Center: the vocabulary and the wiring of every way in which a customer can arrive."""

__version__ = "0.1.0"
