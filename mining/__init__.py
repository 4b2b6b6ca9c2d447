"""Folds and models over the log; writes nothing but facts."""
