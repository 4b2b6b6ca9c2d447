"""What the console and the API read, in the shapes of docs/console-contract.md."""

from storage.views.sql import SqlViews

__all__ = ["SqlViews"]
