"""How nodes tell each other that the log has grown: in memory for one node, Redis for many."""
