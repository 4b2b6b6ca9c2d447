"""The durable outbox: when to send, how often to try, what an attempt came to."""
