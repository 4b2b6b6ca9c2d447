"""The agent's and supervisor's screens: API, live feed, sessions; knows the domain, no channel."""
