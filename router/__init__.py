"""Decides: whose a message is, where it belongs, who gets the work, what is sent when.

Every step has one shape: load through `Work`, decide purely, append the facts. Knows no web,
mail, vendor, Redis or SQL library.
"""
