"""The limits of reading one mail, each with its default. Knows nothing of how reading is done."""

from __future__ import annotations

from dataclasses import dataclass

MAX_MAIL_BYTES = 30 * 1024 * 1024
"""Bytes of one mail that are read; SMTP refuses more at the door."""
MAX_PARTS = 1000
"""Leaves of the MIME tree; the rest of the mail is kept as one attachment."""
MAX_DEPTH = 20
"""Multiparts inside one another; a deeper one is kept as one attachment."""
PARSE_SECONDS = 5.0
"""Wall clock for one mail, the second, frugal attempt included."""
PARSE_MEMORY_BYTES = 512 * 1024 * 1024
"""Address space of one parser process."""
MAX_HEADER_BLOCK_BYTES = 2 * 1024 * 1024
"""Bytes of one part's header block; fields beyond are passed over."""
MAX_HEADER_FIELD_BYTES = 512 * 1024
"""Bytes of one header field; the rest of it is cut."""
MAX_HEADER_FIELDS = 5000
"""Fields of one header block; later ones are passed over."""
MAX_ADDRESSES = 5000
"""Addresses read from one header."""
MAX_REFERENCES = 5000
"""Message ids kept of References: the first and the newest."""
MAX_HTML_BYTES = 4 * 1024 * 1024
"""Characters of HTML that are cleaned; more is shown as its plain words."""
LARGE_MAIL_BYTES = 4 * 1024 * 1024
"""Bytes of a mail above which HTML is cleaned up to `MAX_HTML_BYTES_IN_LARGE` only."""
MAX_HTML_BYTES_IN_LARGE = 512 * 1024
"""Characters of HTML that are cleaned in a large mail; more is shown as its plain words."""
MAX_FOLD_CHARS = 256 * 1024
"""Characters in which quotes and signatures are looked for; what follows new words stays."""
MAX_FOLD_LINES = 5000
"""Lines in which quotes and signatures are looked for."""
MAX_PROBLEMS = 50
"""Problems told of one mail."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """One set of limits; the defaults are the documented ones."""

    mail_bytes: int = MAX_MAIL_BYTES
    parts: int = MAX_PARTS
    depth: int = MAX_DEPTH
    header_block_bytes: int = MAX_HEADER_BLOCK_BYTES
    header_field_bytes: int = MAX_HEADER_FIELD_BYTES
    header_fields: int = MAX_HEADER_FIELDS
    addresses: int = MAX_ADDRESSES
    references: int = MAX_REFERENCES
    html_bytes: int = MAX_HTML_BYTES
    large_mail_bytes: int = LARGE_MAIL_BYTES
    html_bytes_in_large: int = MAX_HTML_BYTES_IN_LARGE
    fold_chars: int = MAX_FOLD_CHARS
    fold_lines: int = MAX_FOLD_LINES


DEFAULT = Limits()
