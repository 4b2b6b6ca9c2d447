"""One raw mail to one `ParsedMail`: the order in which the other modules are asked. Pure."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from channels.email.parse.addresses import read_addresses
from channels.email.parse.auto import classify, may_not_answer
from channels.email.parse.body import read_body
from channels.email.parse.bounce import read_bounce
from channels.email.parse.charset import well_formed
from channels.email.parse.dedup import dedup_key
from channels.email.parse.headers import Head, read_head
from channels.email.parse.ids import message_id, reference_ids, replied_id
from channels.email.parse.limits import DEFAULT, Limits
from channels.email.parse.mail import Address, Bounce, ParsedMail, Unparseable
from channels.email.parse.problems import Problems
from channels.email.parse.structure import Tree, read_tree
from channels.email.parse.words import header_text, raw_text

_NOBODY = Address(address="")
_TEXTUAL = re.compile(rb"[^\x00-\x08\x0e-\x1a\x1c-\x1f]*")
_TELLING = frozenset(
    "from to cc subject date message-id mime-version content-type received return-path sender "
    "reply-to delivered-to in-reply-to references".split()
)
_SNIFFED = 4096


def parse(raw: bytes, *, limits: Limits = DEFAULT, frugal: bool = False) -> ParsedMail:
    """Read one mail as it came over the wire or lies in a file.

    `frugal` leaves out what hostile HTML can make slow. Raises `Unparseable` when nothing
    sensible can be made of the bytes, and nothing else; what was tolerated is in `problems`.
    """
    problems = Problems()
    raw = _prepared(raw, limits, problems)
    head = read_head(raw, 0, len(raw), limits, problems, top=True)
    if not _TELLING & head.fields.keys():
        _refuse_junk(raw, head)
        problems.add("header", "no header of a mail was found")
        if not head.fields:
            head.body_start = 0
    tree = read_tree(raw, head, len(raw), limits, problems)
    _decode_raw(head, next(_charsets(tree), ""), problems)
    subject = header_text(head.first("subject"), problems)
    body = read_body(raw, tree, subject, limits, problems, frugal=frugal)
    from_ = _author(head, limits, problems)
    return_path = _return_path(head, limits, problems)
    mid = message_id(head.all("message-id"), problems)
    auto = classify(head, tree, body, from_, return_path, subject)
    bounce: Bounce | None = None
    if auto in ("bounce", "feedback"):
        bounce = read_bounce(raw, head, from_, body, limits, problems, frugal=frugal)
    for name in ("from", "subject", "message-id", "content-type"):
        if len(head.all(name)) > 1:
            problems.add("header", f"{name} stands {len(head.all(name))} times")
    return ParsedMail(
        from_=from_,
        sender=next(iter(read_addresses(head.all("sender"), limits, problems)), _NOBODY),
        to=tuple(read_addresses(head.all("to"), limits, problems)),
        cc=tuple(read_addresses(head.all("cc"), limits, problems)),
        reply_to=tuple(read_addresses(head.all("reply-to"), limits, problems)),
        delivered_to=_only_addresses(head, ("delivered-to", "x-delivered-to"), limits, problems),
        envelope_to=_only_addresses(
            head, ("envelope-to", "x-envelope-to", "x-original-to", "x-rcpt-to"), limits, problems
        ),
        return_path=return_path,
        subject=well_formed(subject),
        date=_date(head, problems),
        text=body.text,
        reply_text=body.reply_text,
        html=body.html,
        attachments=tuple(body.attachments),
        message_id=mid,
        in_reply_to=replied_id(head.all("in-reply-to"), limits, problems),
        references=reference_ids(head.all("references"), limits, problems),
        dedup_key=dedup_key(mid, head, body.reads),
        auto=auto,
        loop_suppressed=may_not_answer(head, auto, from_, return_path),
        authentication_results=tuple(
            header_text(value, problems) for value in head.all("authentication-results")
        ),
        bounce=bounce,
        calendar=body.calendar,
        problems=problems.all(),
    )


def _charsets(tree: Tree) -> Iterator[str]:
    return (c for leaf in tree.leaves if (c := leaf.content_type.get("charset")))


def _decode_raw(head: Head, charset: str, problems: Problems) -> None:
    """Rewrite 8-bit header values as UTF-8; the charset of the text is the best guess for them."""
    for values in head.fields.values():
        for index, value in enumerate(values):
            if not value.isascii():
                values[index] = raw_text(value, problems, charset).encode()


def _prepared(raw: bytes, limits: Limits, problems: Problems) -> bytes:
    if len(raw) > limits.mail_bytes:
        problems.add("limit", f"longer than {limits.mail_bytes} bytes, the rest was not read")
        raw = raw[: limits.mail_bytes]
    for mark, codec in (
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if raw.startswith(mark):
            problems.add("encoding", "the whole mail is UTF-16")
            raw = raw.decode(codec, "replace").encode("utf-8", "replace")
    if not raw.strip(b"\r\n \t\0"):
        raise Unparseable(["empty: there is nothing in it"])
    if b"\n" not in raw and b"\r" in raw:
        problems.add("header", "lines end with bare CR")
        raw = raw.replace(b"\r", b"\n")
    return raw


def _refuse_junk(raw: bytes, head: Head) -> None:
    """Bytes without one field of a mail are taken as its words only if they are words."""
    sample = raw[:_SNIFFED]
    plain = _TEXTUAL.match(sample)
    if plain is not None and plain.end() == len(sample):
        return
    noise = len(sample) - len(
        sample.translate(None, bytes((*range(9), *range(14, 27), *range(28, 32))))
    )
    if noise * 50 > len(sample) or not head.fields:
        raise Unparseable(["binary: these bytes are no mail"])


def _author(head: Head, limits: Limits, problems: Problems) -> Address:
    found = read_addresses(head.all("from"), limits, problems)
    if len(found) > 1:
        problems.add("from", f"{len(found)} authors, the first was taken")
    if found:
        return found[0]
    if head.first("from"):
        name = header_text(head.first("from"), problems)
        problems.add("from", "no address in it")
        return Address(address="", name=name.strip('"<> '))
    sender = read_addresses(head.all("sender"), limits, problems)
    if sender:
        problems.add("from", "missing, the sender was taken")
        return sender[0]
    problems.add("from", "missing")
    return _NOBODY


def _return_path(head: Head, limits: Limits, problems: Problems) -> str | None:
    value = head.first("return-path")
    if not value:
        return None
    if b"<>" in value.replace(b" ", b""):
        return ""
    found = read_addresses([value], limits, problems)
    return found[0].address if found else None


def _only_addresses(
    head: Head, names: tuple[str, ...], limits: Limits, problems: Problems
) -> tuple[str, ...]:
    found = (a.address for name in names for a in read_addresses(head.all(name), limits, problems))
    return tuple(dict.fromkeys(found))


def _date(head: Head, problems: Problems) -> datetime | None:
    text = header_text(head.first("date")[:200], problems)
    if not text:
        return None
    try:
        date = parsedate_to_datetime(text)
        # `-0000` says: universal time, place unknown (RFC 5322 section 3.3).
        return (date if date.tzinfo else date.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        problems.add("date", f"{text[:80]!r} is none")
        return None
