"""Decides whose an event is, which queue and which agent it goes to; pure, without I/O."""
