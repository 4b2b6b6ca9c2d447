"""Measures the hub beside the floor that the machine sets."""
