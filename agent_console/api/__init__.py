"""The console's HTTP API: one declarative table, from which routes and OpenAPI are made."""
