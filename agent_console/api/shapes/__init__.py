"""The JSON shapes of docs/console-contract.md as models, for OpenAPI and for reading requests.

Rows come ready from the views and are not validated again on the way out.
"""
