"""Picks the implementations and returns a Hub; no globals."""
