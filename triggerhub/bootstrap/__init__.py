"""Picks the implementations and wires them; no globals.

`core` is the half that writes and decides, `edge` the half that speaks with the outside and shows,
`hub` both in one process. They are wired to each other through ports, so that a process may lie
between them (triggerhub.apart), and neither loads what the other one is made of.
"""
