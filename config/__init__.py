"""What a process needs to start: URLs, ports, keys; defaults < file < environment."""
