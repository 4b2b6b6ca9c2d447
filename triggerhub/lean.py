"""Loading less than libraries would, for processes that stay."""

from __future__ import annotations

import sys


def load_structlog() -> None:
    """structlog loads rich, where it is installed, for tracebacks that nobody here draws: 5 MB.

    To be called before anything else that imports structlog. Whoever wants rich itself gets it.
    """
    if "structlog" in sys.modules or "rich" in sys.modules:
        return
    vars(sys)["modules"]["rich"] = None  # "there is none" to an import
    try:
        import structlog  # noqa: F401
    finally:
        del sys.modules["rich"]
