"""What the console and the API read, in the shapes of docs/console-contract.md."""

from storage.views.kept import SqlViews
from storage.views.sql import SqlReads

__all__ = ["SqlReads", "SqlViews"]
