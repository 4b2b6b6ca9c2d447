"""The pure reading of e-mail: bytes in, `ParsedMail` or `Unparseable` out, no I/O, no clock."""

from channels.email.parse.limits import Limits
from channels.email.parse.mail import (
    Address,
    Attachment,
    Auto,
    Bounce,
    BouncedRecipient,
    Calendar,
    ParsedMail,
    Unparseable,
)
from channels.email.parse.reading import parse

__all__ = [
    "Address",
    "Attachment",
    "Auto",
    "Bounce",
    "BouncedRecipient",
    "Calendar",
    "Limits",
    "ParsedMail",
    "Unparseable",
    "parse",
]
