"""The nouns: messages, customers, interactions, offers, assignments, agents; pure state machines."""
