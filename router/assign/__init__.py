"""Step 3: which waiting work meets which available agent."""
