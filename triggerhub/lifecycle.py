"""Start order, supervision, graceful drain."""
