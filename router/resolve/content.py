"""What a read message looks like beside the log; written once, read by folds and by serving."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from triggerhub.domain.model.message import Address, Attachment, InboundMessage, StatusReport
from triggerhub.domain.work import Keeping

Json = dict[str, Any]
_UNSTORABLE = re.compile(r"[\0\ud800-\udfff]")
_LATIN = re.compile(r"[A-Za-z]")
_HAN = re.compile(r"[\u4e00-\u9fff\u3400-\u4dbf]")
_KANA = re.compile(r"[\u3040-\u30ff]")
_HANGUL = re.compile(r"[\uac00-\ud7af]")


def storable(message: InboundMessage) -> InboundMessage:
    """The message without what no database takes as text: NUL, and half characters."""
    return message if _UNSTORABLE.search("\n".join(_texts_of(message))) is None else _clean(message)


def _texts_of(message: InboundMessage) -> list[str]:
    sender, report = message.sender, message.report
    texts = [
        message.key, message.external_id, message.reply_to, *message.to, message.subject,
        message.text, message.quoted, message.html or "", *message.reply_tokens,
        *message.references, *message.problems,
    ]  # fmt: skip
    if sender is not None:
        texts += (sender.address, sender.name, sender.raw)
    if report is not None:
        texts += (report.reference, report.code, report.reason)
    for part in message.attachments:
        texts += (part.filename, part.content_type)
    return texts


def _clean(message: InboundMessage) -> InboundMessage:
    sender, report = message.sender, message.report
    return replace(
        message,
        key=_text(message.key),
        external_id=_text(message.external_id),
        sender=sender
        and replace(
            sender, address=_text(sender.address), name=_text(sender.name), raw=_text(sender.raw)
        ),
        reply_to=_text(message.reply_to),
        to=_texts(message.to),
        subject=_text(message.subject),
        text=_text(message.text),
        quoted=_text(message.quoted),
        html=message.html and _text(message.html),
        attachments=tuple(
            replace(part, filename=_text(part.filename), content_type=_text(part.content_type))
            for part in message.attachments
        ),
        reply_tokens=_texts(message.reply_tokens),
        references=_texts(message.references),
        report=report
        and replace(
            report,
            reference=_text(report.reference),
            code=_text(report.code),
            reason=_text(report.reason),
        ),
        problems=_texts(message.problems),
    )


def _texts(values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(map(_text, values))


def _text(value: str) -> str:
    return _UNSTORABLE.sub(lambda found: "" if found[0] == "\0" else "\ufffd", value)


def keep(shelf: Keeping, message: InboundMessage) -> str:
    """Put a message (`storable`) and its parts beside the log; the content id of the whole.

    Parts whose bytes are still with the provider keep their `url` and are fetched later.
    """
    parts = [_keep_part(shelf, part) for part in message.attachments]
    html = message.html
    value: Json = {
        "key": message.key,
        "external_id": message.external_id,
        "sender": None
        if message.sender is None
        else {
            "kind": message.sender.kind,
            "address": message.sender.address,
            "name": message.sender.name,
            "raw": message.sender.raw,
        },
        "reply_to": message.reply_to,
        "to": list(message.to),
        "subject": message.subject,
        "text": message.text,
        "quoted": message.quoted,
        "html_content": None
        if html is None
        else shelf.put("html", html.encode(), media_type="text/html"),
        "attachments": parts,
        "proof": message.proof,
        "reply_tokens": list(message.reply_tokens),
        "references": list(message.references),
        "auto": message.auto,
        "report": None
        if message.report is None
        else {
            "reference": message.report.reference,
            "state": message.report.state,
            "code": message.report.code,
            "reason": message.report.reason,
        },
        "sent_at": message.sent_at,
        "problems": list(message.problems),
        "lang": language(message.text or message.subject),
    }
    return shelf.put_json("message", value)


def _keep_part(shelf: Keeping, part: Attachment) -> Json:
    kept: Json = {
        "id": None,
        "filename": part.filename,
        "content_type": part.content_type,
        "size": part.size,
        "inline": part.inline,
        "cid": part.cid,
    }
    if part.data is not None:
        kept["id"] = shelf.put(
            "attachment", part.data, media_type=part.content_type, name=part.filename
        )
    if part.url is not None:
        kept["url"] = part.url
    return kept


def language(text: str) -> str:
    """`zh` where Han characters lead, `ja` with kana, `ko` with Hangul, else `en` or nothing.

    A hint for fonts and greetings, not a detector: Latin text of any language is `en`.
    """
    text = text[:2000]
    if text.isascii():  # nearly every message passes here
        return "en" if _LATIN.search(text) else ""
    han, kana = len(_HAN.findall(text)), len(_KANA.findall(text))
    hangul = len(_HANGUL.findall(text))
    latin = sum(map(str.isalpha, text)) - han - kana - hangul
    if kana and kana * 5 >= han:
        return "ja"
    if hangul > han:
        return "ko"
    if han and han * 4 >= latin:
        return "zh"
    return "en" if latin else ""


def read(value: Json) -> InboundMessage:
    """The message that `keep` wrote, as far as a decision needs it (no bytes, no HTML)."""
    sender, report = value.get("sender"), value.get("report")
    return InboundMessage(
        key=value["key"],
        external_id=value["external_id"],
        sender=None if sender is None else Address(**sender),
        to=tuple(value["to"]),
        subject=value["subject"],
        text=value["text"],
        proof=value["proof"],
        reply_tokens=tuple(value["reply_tokens"]),
        references=tuple(value["references"]),
        auto=value["auto"],
        report=None if report is None else StatusReport(**report),
        problems=tuple(value["problems"]),
    )
