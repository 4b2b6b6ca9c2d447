"""Why something was not read or fetched, as the log has it: a word for programs, then for people.

The first word is stable, and the console translates it; what follows may be anybody's, so that
addresses and numbers in it are masked.
"""

from __future__ import annotations

from triggerhub.domain.errors import HubError
from triggerhub.domain.masking import masked

MAX_REASON = 500


def because(error: HubError) -> str:
    return f"{error.code} {masked(str(error))}"[:MAX_REASON]
