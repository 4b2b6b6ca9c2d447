"""What a bounce or a feedback report is about: recipients, status, the original's Message-ID.

RFC 3464 and RFC 5965 fields first, then what mail systems without a standard write.
"""

from __future__ import annotations

import logging
import re
from email import message_from_bytes

from channels.email.parse.body import Body, Read
from channels.email.parse.headers import Head, read_head
from channels.email.parse.ids import message_id, reference_ids
from channels.email.parse.limits import Limits
from channels.email.parse.mail import Address, Bounce, BouncedRecipient
from channels.email.parse.problems import Problems
from channels.email.parse.words import header_text

_STATUS = frozenset(("message/delivery-status", "message/global-delivery-status"))
_FEEDBACK = "message/feedback-report"
_ORIGINAL = frozenset(
    "message/rfc822 message/global text/rfc822-headers message/rfc822-headers "
    "message/global-headers".split()
)
_ID_IN_TEXT = re.compile(r"(?im)^[ \t>]*message-id:[ \t]*<([^<>\s]{3,250})>")
_ADDRESS = re.compile(r"<?([^\s<>;,:\"'()]+@[^\s<>;,:\"'()]+\.[A-Za-z0-9-]{2,})>?")
_ASCII = bytes(range(128)) + b"?" * 128
_MAX_RECIPIENTS = 1000
_MAX_GUESSED_BYTES = 256 * 1024
# Whatever its detectors or the standard parser under them raise on a hostile mail.
_DETECTOR_FAULTS = (
    *(LookupError, ValueError, TypeError, AttributeError, RecursionError, AssertionError),
)


def read_bounce(
    raw: bytes,
    head: Head,
    from_: Address,
    body: Body,
    limits: Limits,
    problems: Problems,
    *,
    frugal: bool,
) -> Bounce:
    """The details, as far as they are told."""
    recipients: list[BouncedRecipient] = []
    original = ""
    for read in body.reads:
        if read.leaf.type in _STATUS:
            recipients += _delivery_status(read, limits)
        elif read.leaf.type == _FEEDBACK:
            recipients += _feedback(read, limits)
        elif read.leaf.type in _ORIGINAL and not original:
            original = _original_id(read, limits)
    if not recipients:
        failed = b",".join(head.all("x-failed-recipients")).decode("ascii", "replace")
        recipients = [
            BouncedRecipient(address=one, action="failed") for one in _ADDRESS.findall(failed)
        ]
    if not recipients and not frugal and len(raw) <= _MAX_GUESSED_BYTES:
        recipients = _guessed(raw, from_, problems)
    if not original:
        found = _ID_IN_TEXT.search(body.text[: limits.fold_chars])
        original = found[1] if found else ""
    if not original:
        values = [*head.all("in-reply-to"), *head.all("references")]
        original = next(iter(reference_ids(values, limits, problems)), "")
    return Bounce(recipients=tuple(recipients[:_MAX_RECIPIENTS]), original_message_id=original)


def _groups(content: bytes, limits: Limits) -> list[Head]:
    groups: list[Head] = []
    position, end = 0, len(content)
    while position < end and len(groups) <= _MAX_RECIPIENTS:
        head = read_head(content, position, end, limits, Problems())
        if head.fields:
            groups.append(head)
        if head.body_start <= position:
            newline = content.find(b"\n", position)
            position = end if newline < 0 else newline + 1
        else:
            position = head.body_start
    return groups


def _delivery_status(read: Read, limits: Limits) -> list[BouncedRecipient]:
    found: list[BouncedRecipient] = []
    for group in _groups(read.content, limits):
        value = group.first("final-recipient") or group.first("original-recipient")
        if not value:
            continue
        found.append(
            BouncedRecipient(
                address=_typed(value),
                action=_words(group.first("action")).split(" ")[0].lower(),
                status=_words(group.first("status")).split(" ")[0],
                diagnostic=_words(group.first("diagnostic-code")),
            )
        )
    return found


def _feedback(read: Read, limits: Limits) -> list[BouncedRecipient]:
    found: list[BouncedRecipient] = []
    for group in _groups(read.content, limits):
        kind = _words(group.first("feedback-type")).lower()
        values = group.all("original-rcpt-to") or group.all("removal-recipient")
        found += [BouncedRecipient(address=_typed(value), action=kind) for value in values]
    return found


def _typed(value: bytes) -> str:
    """`rfc822; joe@example.org` without its type."""
    kind, separator, address = _words(value).partition(";")
    return (address if separator else kind).strip().strip("<>")


def _words(value: bytes) -> str:
    return header_text(value, Problems())


def _original_id(read: Read, limits: Limits) -> str:
    quiet = Problems()
    head = read_head(read.content, 0, len(read.content), limits, quiet, top=True)
    return message_id(head.all("message-id"), quiet)


def _guessed(raw: bytes, from_: Address, problems: Problems) -> list[BouncedRecipient]:
    from flufl.bounce import all_failures

    # It logs the faults of its own detectors, which are the sender's doing and no news.
    log = logging.getLogger("flufl.bounce")
    log.propagate = False
    if not log.handlers:
        log.addHandler(logging.NullHandler())
    try:
        message = message_from_bytes(raw.translate(_ASCII))
        del message["From"]
        message["From"] = from_.address if from_.address.isascii() else "unknown@invalid"
        temporary, permanent = all_failures(message)
    except _DETECTOR_FAULTS as fault:
        problems.add("bounce", f"its recipients were not found ({type(fault).__name__})")
        return []
    return [
        BouncedRecipient(address=_text(address), action=action)
        for action, addresses in (("delayed", temporary), ("failed", permanent))
        for address in sorted(addresses, key=_text)
    ]


def _text(address: bytes | str) -> str:
    return address.decode("utf-8", "replace") if isinstance(address, bytes) else str(address)
