"""One folder a channel: receive, parse, send, settings; no channel knows another."""
