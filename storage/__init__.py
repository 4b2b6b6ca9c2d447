"""Keeps the log, the content beside it and the projections; knows SQL, no channel and no screen."""
