"""Why something could not be read, as the log has it: a word for programs, then words for people.

The first word is stable, and the console translates it; what follows may be anybody's, so that
addresses and numbers in it are masked.
"""

from __future__ import annotations

from triggerhub.domain.errors import Rejected
from triggerhub.domain.masking import masked

MAX_REASON = 500


def because(error: Rejected) -> str:
    return f"{error.code} {masked(str(error))}"[:MAX_REASON]
