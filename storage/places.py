"""Where an entry stands among all: by whose it is, then by time, in one whole number.

So a timeline is a stretch of neighbouring rows, and the table's tree holds nothing but numbers
above its leaves. Two identities may share a shelf: whoever reads one also names the identity.
"""

from __future__ import annotations

from zlib import crc32

SEQ_BITS = 35  # 34 thousand million events; the remaining 28 of 63 tell shelves apart
LONGEST = (1 << SEQ_BITS) - 1


def shelf(identity_id: str) -> int:
    """The place before an identity's first entry."""
    return (crc32(identity_id.encode()) & (1 << 28) - 1) << SEQ_BITS


def place(identity_id: str, seq: int) -> int:
    return shelf(identity_id) + seq


# The entries `e` of an identity `n`.
OF = f"e.place BETWEEN n.shelf AND n.shelf + {LONGEST} AND e.identity_id = n.id"
