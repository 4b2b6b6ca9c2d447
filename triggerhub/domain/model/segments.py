"""How many segments a text message takes (3GPP TS 23.038 alphabets, 23.040 concatenation)."""

from __future__ import annotations

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    "ÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = frozenset("^{}\\[~]|€\f")


def segments(text: str) -> int:
    """160 septets alone, 153 in a series; in UCS-2 70 units alone, 67 in a series.

    A character never straddles two segments: an escape pair or a surrogate pair moves whole.
    """
    if not text:
        return 0
    if all(c in _BASIC or c in _EXTENDED for c in text):
        sizes = [2 if c in _EXTENDED else 1 for c in text]
        return _count(sizes, alone=160, series=153)
    return _count([2 if ord(c) > 0xFFFF else 1 for c in text], alone=70, series=67)


def _count(sizes: list[int], *, alone: int, series: int) -> int:
    if sum(sizes) <= alone:
        return 1
    count, used = 1, 0
    for size in sizes:
        if used + size > series:
            count, used = count + 1, 0
        used += size
    return count
