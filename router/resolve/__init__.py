"""Step 2: whose is it, and where does it belong."""
