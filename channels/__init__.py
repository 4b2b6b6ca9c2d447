"""The ways in: one folder a channel, none of which knows another."""
