"""Makes addresses and phone numbers unreadable in words that are to become facts.

What others answer us names people (`550 5.1.1 <eve@cust.example>: …`), and the log is for ever.
A rule of thumb by form, not a proof: where in doubt it masks. Knows no names.
"""

from __future__ import annotations

import re

# Everything but what ends an address in prose, in either script. Bounded, so that a long text
# without an @ takes no quadratic time.
_WORD = r"[^\s<>()\[\]{},;:\"'`@＠，。；：、（）《》「」“”]"
_MAILBOX = re.compile(
    rf"(?P<local>\"[^\"\n]{{1,320}}\"|{_WORD}{{1,320}})(?:@|＠|%40)"
    rf"(?P<domain>\[[^\]\s]{{1,255}}\]|{_WORD}{{1,255}})",
    re.IGNORECASE,
)
# Seven digits and more, apart at most by what people write between them; not within a word: an id
# of ours is no number. Letters of scripts without spaces may stand before one.
_NUMBER = re.compile(
    r"(?<![A-Za-z0-9_…])(?:\+|00)?\(?\d(?:[ \u00a0.()/‐-―-]{0,3}\d){6,19}(?![A-Za-z0-9_])"
)
_DIGIT = re.compile(r"\d")


def masked(text: str) -> str:
    """`eve@cust.example` as `e…@c…`, `+44 7700 900123` as `…23`; the rest as it was."""
    return _NUMBER.sub(_number, _MAILBOX.sub(_mailbox, text))


def _mailbox(found: re.Match[str]) -> str:
    return f"{found['local'].strip(chr(34))[:1]}…@{found['domain'].strip('[')[:1]}…"


def _number(found: re.Match[str]) -> str:
    return f"…{''.join(_DIGIT.findall(found[0]))[-2:]}"
