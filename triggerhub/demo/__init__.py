"""A company to look at, and the other end of its channels, all on loopback."""
