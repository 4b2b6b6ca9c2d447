"""The hub's two processes, the edge and the core, and the line between them (ADR 15)."""
