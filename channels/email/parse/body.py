"""Which leaves are the mail's words and which are attachments (RFC 2046, 2183, 2387).

Text is every inline text/plain in order, else the visible words of the HTML; everything else is
an attachment.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field

from channels.email.parse.charset import decode, well_formed
from channels.email.parse.flowed import unflow
from channels.email.parse.html_bare import bare_text
from channels.email.parse.html_clean import as_html, clean_html
from channels.email.parse.html_text import too_costly, visible_text
from channels.email.parse.limits import Limits
from channels.email.parse.mail import Attachment, Calendar
from channels.email.parse.problems import Problems
from channels.email.parse.reply import fold_reply
from channels.email.parse.reply_signature import unsigned
from channels.email.parse.structure import Leaf, Tree
from channels.email.parse.transfer import decoded
from channels.email.parse.words import header_text

_TEXT = "text/plain"
_HTML = frozenset(("text/html", "application/xhtml+xml"))
_BREAKS = re.compile(r"\r\n?")
_NOT_IN_NAMES = re.compile("[\x00-\x1f\x7f\x85\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]+")
_META_CHARSET = re.compile(
    rb"<meta[^>]{0,200}charset\s*=\s*[\"']?\s*([A-Za-z0-9_:.-]{2,40})", re.IGNORECASE
)
_UNREADABLE_WORDS = frozenset(
    "text/calendar text/vcard text/x-vcard text/directory text/csv text/rfc822-headers "
    "text/x-amp-html text/css text/javascript text/xml text/rtf".split()
)
_MAX_NAME = 255
_CALENDAR_BYTES = 512 * 1024
_COMPARED = 1024 * 1024


@dataclass(slots=True)
class Read:
    """One leaf with its decoded content."""

    leaf: Leaf
    content: bytes
    filename: str
    content_id: str


@dataclass(slots=True)
class Body:
    """What the leaves came to."""

    text: str = ""
    reply_text: str = ""
    html: str = ""
    attachments: list[Attachment] = field(default_factory=list)
    reads: list[Read] = field(default_factory=list)
    calendar: Calendar | None = None


def read_body(
    raw: bytes, tree: Tree, subject: str, limits: Limits, problems: Problems, *, frugal: bool
) -> Body:
    """Decode every leaf and sort them. `frugal` leaves the HTML parsers out."""
    body = Body(reads=[_read(raw, leaf, problems) for leaf in tree.leaves])
    words = {id(read) for read in body.reads if _is_words(read)}
    large = len(raw) > limits.large_mail_bytes
    html_left = limits.html_bytes_in_large if large else limits.html_bytes
    if not words:
        words = {id(read) for read in _fallback_words(body.reads, tree)}
    plain: list[tuple[Read, str]] = []
    marked: list[_Html] = []
    for read in body.reads:
        if id(read) not in words:
            continue
        text = _text_of(read, problems)
        if read.leaf.type in _HTML:
            plainly = frugal or len(text) > html_left or too_costly(text)
            html_left -= len(text) if large and not plainly else 0
            marked.append(_html(read, text, limits, problems, plainly=plainly))
        else:
            plain.append((read, text))
    body.html = "\n".join(one.cleaned for one in marked if one.cleaned)
    texts = [text.strip("\n") for _, text in plain if text.strip()]
    if texts:
        body.text = "\n\n".join(texts)
        fold_from = _with_other_words(body.reads, plain, marked, problems)
    else:
        body.text = "\n\n".join(one.words for one in marked if one.words)
        fold_from = "\n\n".join(one.marked for one in marked if one.marked)
    body.reply_text = _folded(fold_from, subject, limits, problems, frugal=frugal)
    named = any(read.content_id for read in body.reads)
    cids = {i.lower() for one in marked for i in _CID.findall(one.source)} if named else set()
    for read in body.reads:
        if id(read) not in words:
            body.attachments.append(_attachment(read, cids))
            if read.leaf.type == "text/calendar" and body.calendar is None:
                body.calendar = _calendar(read)
    return body


def _read(raw: bytes, leaf: Leaf, problems: Problems) -> Read:
    content = raw[leaf.start : leaf.end]
    encoding = leaf.head.first("content-transfer-encoding")
    if encoding and not leaf.whole:
        content = decoded(content, encoding, problems)
    filename = leaf.disposition.get("filename") or leaf.content_type.get("name")
    content_id = header_text(leaf.head.first("content-id"), problems).strip("<> ")
    return Read(leaf, content, _file_name(filename), content_id)


def _file_name(name: str) -> str:
    """Without folders, controls and marks that turn the reading direction around."""
    name = _NOT_IN_NAMES.sub("", name).replace("\\", "/").rstrip("/ ").rpartition("/")[2].strip()
    if name in (".", ".."):
        return ""
    if len(name) > _MAX_NAME:
        stem, dot, extension = name.rpartition(".")
        keep = len(extension) + 1 if dot and len(extension) < 20 else 0
        name = name[: _MAX_NAME - keep] + (f".{extension}" if keep and stem else "")
    return name


def _is_words(read: Read) -> bool:
    leaf = read.leaf
    return (
        (leaf.type == _TEXT or leaf.type in _HTML)
        and not leaf.whole
        and (leaf.disposition.main == "inline" or not (leaf.disposition.main or read.filename))
    )


def _fallback_words(reads: list[Read], tree: Tree) -> list[Read]:
    """A mail whose only text carries a file name, or is of an unusual text type."""
    named = [
        read
        for read in reads
        if read.leaf.type in (_TEXT, *_HTML)
        and not read.leaf.whole
        and not read.leaf.disposition.main
    ]
    if named:
        return named[:1]
    other = [
        read
        for read in reads
        if read.leaf.type.startswith("text/")
        and read.leaf.type not in _UNREADABLE_WORDS
        and not read.filename
        and read.leaf.disposition.main != "attachment"
    ]
    return other if len(reads) == 1 or tree.root_type != "multipart/report" else []


def _text_of(read: Read, problems: Problems) -> str:
    leaf = read.leaf
    declared = leaf.content_type.get("charset")
    if leaf.type in _HTML and (not declared or declared.lower() in ("us-ascii", "ascii")):
        meta = _META_CHARSET.search(read.content[:4096])
        if meta and not meta[1].lower().startswith(b"utf-16"):
            declared = meta[1].decode("ascii")
    text, complaint = decode(read.content, declared)
    if complaint:
        problems.add("charset", complaint)
    if b"\0" in read.content and b"utf-" not in declared.encode()[:4].lower():
        problems.add("text", "NULs were taken out")
    if "\r" in text:
        text = _BREAKS.sub("\n", text.replace("\r\r\n", "\n"))
    text = text.removeprefix("\ufeff")
    if leaf.type == _TEXT and leaf.content_type.get("format").lower() == "flowed":
        text = unflow(text, delsp=leaf.content_type.get("delsp").lower() == "yes")
    return text


@dataclass(slots=True)
class _Html:
    """One HTML part in the three forms that are needed of it."""

    read: Read
    source: str
    words: str
    marked: str  # words with quoted lines marked
    cleaned: str


def _html(read: Read, source: str, limits: Limits, problems: Problems, *, plainly: bool) -> _Html:
    if not source.strip():
        return _Html(read, "", "", "", "")
    if plainly:
        problems.add("html", "too costly to show as it is, its words are shown")
        words = well_formed(bare_text(source))
        shown = as_html(words) if len(words) <= limits.html_bytes else ""
        return _Html(read, source, words, words, shown)
    return _Html(
        read,
        source,
        well_formed(visible_text(source)),
        well_formed(visible_text(source, quote_marks=True)),
        well_formed(clean_html(source)),
    )


def _with_other_words(
    reads: list[Read], plain: list[tuple[Read, str]], marked: list[_Html], problems: Problems
) -> str:
    """Text to fold: the plain parts, and in its place HTML that is no alternative of one."""
    plain_alternatives = {a for read, text in plain if text.strip() for a in _alternatives(read)}
    pieces: dict[int, str] = {id(read): text for read, text in plain}
    for one in marked:
        if plain_alternatives & set(_alternatives(one.read)) or not one.words:
            continue
        if not _said(one.words, [text for _, text in plain]):
            problems.add("text", "an HTML part says more than the text parts")
            pieces[id(one.read)] = one.marked
    ordered = (pieces[id(read)].strip("\n") for read in reads if id(read) in pieces)
    return "\n\n".join(piece for piece in ordered if piece.strip())


def _said(words: str, texts: list[str]) -> bool:
    """Whether one of `texts` says the same but for white space."""
    if sum(map(len, texts)) + len(words) > _COMPARED:
        return False
    return " ".join(words.split()) in " ".join(" ".join(texts).split())


def _alternatives(read: Read) -> list[int]:
    return [number for number, kind in read.leaf.within if kind == "multipart/alternative"]


def _folded(text: str, subject: str, limits: Limits, problems: Problems, *, frugal: bool) -> str:
    if len(text) <= limits.fold_chars and text.count("\n") <= limits.fold_lines:
        return well_formed(fold_reply(text, subject))
    problems.add("limit", f"quotes were looked for in the first {limits.fold_lines} lines")
    cut = text[: limits.fold_chars].split("\n", limits.fold_lines)[: limits.fold_lines]
    folded_chars = sum(map(len, cut)) + len(cut) - 1
    end = text.find("\n", folded_chars, folded_chars + 4096)
    end = folded_chars if end < 0 else end
    folded = fold_reply(text[:end], subject)
    # Only where new words reach the end of what was looked at do new words go on after it.
    if not frugal and folded.endswith(text[:end].rstrip()[-80:].rpartition("\n")[2]):
        folded += unsigned(text[end:])
    return well_formed(folded.strip())


_CID = re.compile(r"cid:([^\s\"'<>)]{1,300})", re.IGNORECASE)


def _attachment(read: Read, cids: set[str]) -> Attachment:
    leaf = read.leaf
    disposition = leaf.disposition.main
    referenced = bool(read.content_id) and read.content_id.lower() in cids
    related = bool(leaf.within) and leaf.within[-1][1] == "multipart/related"
    shown = leaf.type.startswith("image/") and (related or bool(read.content_id))
    return Attachment(
        filename=well_formed(read.filename),
        content_type=leaf.type,
        size=len(read.content),
        sha256=hashlib.sha256(read.content).hexdigest(),
        inline=referenced or disposition == "inline" or (shown and not disposition),
        content_id=well_formed(read.content_id),
        content=read.content,
    )


def _calendar(read: Read) -> Calendar:
    text, _ = decode(read.content[:_CALENDAR_BYTES], read.leaf.content_type.get("charset"))
    return Calendar(method=read.leaf.content_type.get("method").upper(), text=text)
