"""An answer of ours as the bytes of a mail: the same message gives the same bytes, always.

Owns the headers and the MIME form of what leaves (RFC 5322, 2045–2047, 2231, 3834). The headers
are written here and not by the standard library, which encodes a long Message-ID in References
until no client finds its thread. Must not know sockets or what was said before.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from email.header import Header
from email.utils import format_datetime
from hashlib import blake2b

from channels.email.compose_body import entity
from channels.email.reply_address import ReplyAddresses
from config.mailbox import normal, normal_domain
from triggerhub.domain.errors import Invalid
from triggerhub.domain.model.message import Account, OutboundMessage
from triggerhub.domain.model.subject import MAX_SUBJECT, answering

_CONTROL = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029\ud800-\udfff]")
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]*\Z")
_ID = re.compile(r"(?=.{3,900}\Z)[!-;=?A-~]+@[!-;=?A-~]+\Z")
_LINE = 78
_MAX_REFERENCES = 50
_MAX_NAME = 200
_MAX_ADDRESS = 320


@dataclass(frozen=True, slots=True, kw_only=True)
class ComposedMail:
    """A mail and its envelope. `message_id` without brackets; `utf8`: needs SMTPUTF8."""

    raw: bytes
    message_id: str
    sender: str
    recipient: str
    utf8: bool


def compose(
    message: OutboundMessage,
    account: Account,
    replies: ReplyAddresses,
    *,
    automatic: bool = False,
) -> ComposedMail:
    """The mail that carries `message` from `message.sender`, else the account's first address.

    `message.references` are the parent's, oldest first as in its header; `in_reply_to` is the
    parent's Message-ID. Bounces come back to the signed reply address, which is the envelope's
    sender too. Raises Invalid for a field that can't stand in a header (a line end above all)
    and for an attachment without its bytes.
    """
    if not account.addresses:
        raise Invalid(f"the account {account.name!r} has no address to send from")
    # An address that the account has lost since isn't sent from.
    sender = normal(message.sender)
    mailbox = sender if sender in account.addresses else account.addresses[0]
    recipient = _recipient(message.to.address)
    reply_to = replies.make(mailbox, message.reply_token)
    message_id = replies.message_id(message.message_id, mailbox)
    shown = account.options.get("sender_name") or account.name
    name = f"{message.author_name} ({shown})" if message.author_name else shown
    fields = [
        ("From", _mailbox(name, mailbox)),
        ("To", _mailbox(message.to.name, recipient)),
        ("Reply-To", _mailbox(shown, reply_to)),
        ("Subject", _unstructured("Subject", _subject(message))),
        ("Date", format_datetime(message.created_at)),
        ("Message-ID", f"<{message_id}>"),
    ]
    parent = _bare(message.in_reply_to) if message.in_reply_to else ""
    if parent:
        fields.append(("In-Reply-To", f"<{parent}>"))
    if thread := references(message.references, parent):
        fields.append(("References", " ".join(f"<{identifier}>" for identifier in thread)))
    if automatic:
        fields.append(("Auto-Submitted", "auto-replied"))
    fields.append(("MIME-Version", "1.0"))
    boundary = blake2b(message_id.encode(), digest_size=12).hexdigest()
    head = b"".join(_folded(key, value) for key, value in fields)
    return ComposedMail(
        raw=head + entity(message.text, message.attachments, boundary),
        message_id=message_id,
        sender=reply_to,
        recipient=recipient,
        utf8=not recipient.isascii(),
    )


def references(parents: Iterable[str], parent: str) -> Sequence[str]:
    """What stands in References: the parent's own, then the parent (RFC 5322, 3.6.4).

    Ids that can't be written are left out. Of a very long chain the first and the newest stay.
    """
    chain = dict.fromkeys(found for entry in parents if (found := _bare(entry)))
    if parent:
        chain.pop(parent, None)
        chain[parent] = None
    ids = list(chain)
    return ids if len(ids) <= _MAX_REFERENCES else [ids[0], *ids[1 - _MAX_REFERENCES :]]


def _subject(message: OutboundMessage) -> str:
    """Marked as an answer if this answers something."""
    subject = _checked("Subject", message.subject).strip()
    return answering(subject) if message.in_reply_to else subject


def _bare(identifier: str) -> str:
    """An id of somebody else's without brackets; "" where it can't be written on a line."""
    found = identifier.strip().removeprefix("<").removesuffix(">").strip()
    return found if _ID.match(found) else ""


def _recipient(address: str) -> str:
    local, at, domain = _checked("To", address).strip().rpartition("@")
    domain = normal_domain(domain)
    if (
        not (local and at and domain)
        or len(address.encode()) > _MAX_ADDRESS
        or any(char in ' <>,;:"()[]\\' for char in f"{local}{domain}")
    ):
        raise Invalid("the recipient's is no address that mail can be sent to")
    return f"{local}@{domain}"


def _checked(field: str, value: str) -> str:
    """The value, unless it could break out of its line."""
    if _CONTROL.search(value):
        raise Invalid(f"{field} has a line end or a control character in it")
    if len(value) > MAX_SUBJECT:
        raise Invalid(f"{field} is longer than {MAX_SUBJECT} characters")
    return value


def _mailbox(name: str, address: str) -> str:
    name = _checked("a name", name).strip()[:_MAX_NAME]
    if not name:
        return f"<{address}>"
    if _ATOMS.match(name):
        return f"{name} <{address}>"
    if name.isascii():
        quoted = name.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{quoted}" <{address}>'
    return f"{_encoded('From', name)} <{address}>"


def _unstructured(field: str, text: str) -> str:
    # "=?" would be read back as an encoded word.
    return text if text.isascii() and "=?" not in text else _encoded(field, text)


def _encoded(field: str, text: str) -> str:
    """RFC 2047 words of at most 75 characters, one space between them."""
    lines = Header(text, "utf-8", header_name=field, maxlinelen=75).encode(linesep="\n")
    return " ".join(line.strip() for line in lines.split("\n"))


def _folded(field: str, value: str) -> bytes:
    """The field with its line ends, folded at spaces; a word that is too long stays whole."""
    lines = [f"{field}:"]
    for word in value.split(" "):
        if len(lines[-1]) + 1 + len(word) > _LINE and not lines[-1].endswith(":") and word:
            lines.append("")
        lines[-1] += f" {word}"
    return "\r\n".join(lines).encode() + b"\r\n"
