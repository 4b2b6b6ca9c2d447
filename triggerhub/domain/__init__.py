"""The vocabulary of the trigger center: facts, commands, state machines, permissions and ports.

Owns the words of the field and the rules between them. Knows no web, mail, vendor, Redis or SQL
library, and does no I/O: whatever it needs comes in as an argument.
"""
