"""What stands in the subject of an answer: one mark, however often the thread went to and fro.

An entry shows the subject that was sent, so the rule is asked where an answer is queued and where
its mail is written.
"""

from __future__ import annotations

import re

MAX_SUBJECT = 900  # characters, the mark included
_MARK = re.compile(
    r"\s*(?:re|aw|sv|antw|回复|回覆|答复|答覆)\s*(?:\[\d+\])?\s*[:：]", re.IGNORECASE
)
_RE = "Re: "


def answering(subject: str) -> str:
    """The subject with one ``Re: `` before it (RFC 5322, 3.6.5); of a very long one the beginning.

    回复：and its kin are read as the same mark, so that no pile of both grows. Asked again about
    what it gave, it gives the same.
    """
    while mark := _MARK.match(subject):
        subject = subject[mark.end() :]
    return f"{_RE}{subject.strip()[: MAX_SUBJECT - len(_RE)]}".rstrip()
