"""How a mail crosses from a parser process: frames, and `ParsedMail` as JSON plus contents.

Nothing that is received can run code: a parser taken over by a hostile mail can only lie about
that mail.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal, cast

import orjson

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

Job = Literal["parse", "inspect-bytes", "inspect-path"]
_JOBS: tuple[Job, ...] = ("parse", "inspect-bytes", "inspect-path")

REQUEST = struct.Struct(">BBdII")
"""Job, frugal, seconds until the process ends itself, length of the label, of the payload."""
RESPONSE = struct.Struct(">BII")
"""1 for a result and 0 for a refusal, length of the JSON, of the contents behind it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One job. `label` is the file's name for `inspect-bytes`; `payload` bytes or a path."""

    job: Job
    payload: bytes
    label: bytes = b""
    frugal: bool = False
    seconds: float = 5.0


def request_head(request: Request) -> bytes:
    """What goes before label and payload."""
    return REQUEST.pack(
        _JOBS.index(request.job),
        request.frugal,
        request.seconds,
        len(request.label),
        len(request.payload),
    )


def read_request(head: bytes, read: Callable[[int], bytes]) -> Request:
    """The request behind `head`; `read(n)` gives the next n bytes."""
    job, frugal, seconds, label, payload = REQUEST.unpack(head)
    return Request(
        job=_JOBS[job],
        frugal=bool(frugal),
        seconds=seconds,
        label=read(label),
        payload=read(payload),
    )


def result_frames(mail: ParsedMail) -> list[bytes]:
    """A parsed mail as chunks to be written one after the other."""
    contents: list[bytes] = []

    def outside(value: object) -> int:
        if not isinstance(value, bytes):
            raise TypeError(type(value).__name__)
        contents.append(value)
        return len(value)

    # The long texts go outside too: the JSON library does not survive a lack of memory.
    texts = [text.encode("utf-8", "replace") for text in (mail.text, mail.reply_text, mail.html)]
    rest = replace(mail, text="", reply_text="", html="")
    meta = orjson.dumps((rest, [len(text) for text in texts]), default=outside)
    contents += texts
    return [RESPONSE.pack(1, len(meta), sum(map(len, contents))), meta, *contents]


def refusal_frames(problems: tuple[str, ...]) -> list[bytes]:
    """An `Unparseable` as chunks."""
    meta = orjson.dumps(problems)
    return [RESPONSE.pack(0, len(meta), 0), meta]


def line_frames(line: list[bytes]) -> list[bytes]:
    """One finished line of `inspect` as chunks."""
    return [RESPONSE.pack(1, sum(map(len, line)), 0), *line]


def read_result(ok: int, meta: bytes, contents: bytes) -> ParsedMail:
    """The mail of a `parse` response. Raises `Unparseable`, also for a malformed response."""
    try:
        fields = orjson.loads(meta)
        if not ok:
            raise Unparseable([str(problem) for problem in fields])
        rest, sizes = fields
        return _mail(rest, sizes, contents)
    except (KeyError, TypeError, ValueError) as exc:
        raise Unparseable(["parser: its answer made no sense"]) from exc


# The JSON below was made from a `ParsedMail`; a wrong shape ends in KeyError or TypeError.
def _mail(f: dict[str, Any], sizes: list[int], contents: bytes) -> ParsedMail:
    attachments: list[Attachment] = []
    position = 0
    for one in f["attachments"]:
        size = int(one.pop("content"))
        attachments.append(Attachment(**one, content=contents[position : position + size]))
        position += size
    texts: list[str] = []
    for size in sizes:
        texts.append(contents[position : position + size].decode("utf-8", "replace"))
        position += size
    text, reply_text, cleaned = texts
    bounce = f["bounce"]
    calendar = f["calendar"]
    return ParsedMail(
        from_=Address(**f["from_"]),
        sender=Address(**f["sender"]),
        to=_addresses(f["to"]),
        cc=_addresses(f["cc"]),
        reply_to=_addresses(f["reply_to"]),
        delivered_to=tuple(f["delivered_to"]),
        envelope_to=tuple(f["envelope_to"]),
        return_path=f["return_path"],
        subject=f["subject"],
        date=datetime.fromisoformat(f["date"]) if f["date"] else None,
        text=text,
        reply_text=reply_text,
        html=cleaned,
        attachments=tuple(attachments),
        message_id=f["message_id"],
        in_reply_to=f["in_reply_to"],
        references=tuple(f["references"]),
        dedup_key=f["dedup_key"],
        auto=cast("Auto", f["auto"]),
        loop_suppressed=bool(f["loop_suppressed"]),
        authentication_results=tuple(f["authentication_results"]),
        bounce=bounce
        and Bounce(
            recipients=tuple(BouncedRecipient(**one) for one in bounce["recipients"]),
            original_message_id=bounce["original_message_id"],
        ),
        calendar=calendar and Calendar(**calendar),
        problems=tuple(f["problems"]),
    )


def _addresses(values: list[dict[str, str]]) -> tuple[Address, ...]:
    return tuple(Address(**value) for value in values)
