"""Folds of what was said: the entries of the timeline, ready to be served."""

from __future__ import annotations

import re
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, cast

from storage.behind import Plus
from storage.projections.conversations import remember_reference
from storage.projections.rows import Json, ms, profile, text
from triggerhub.domain import events as ev
from triggerhub.domain.model.message import INLINE_CHANNELS

if TYPE_CHECKING:
    from storage.transaction import Transaction

PREVIEW = 160


@lru_cache(maxsize=16)  # all facts of a transaction have one time
def iso(moment: datetime) -> str:
    """`moment` is UTC."""
    return moment.isoformat(timespec="milliseconds")[:-6] + "Z"


# A full-width mark brings its own space.
_AT_FULL_WIDTH = re.compile(" (?=[\u3001-\u303f\uff01-\uff60])|(?<=[\u3001-\u303f\uff01-\uff60]) ")


def preview(words: str) -> str:
    """The first words, on one line."""
    return _AT_FULL_WIDTH.sub("", " ".join(words.split()))[:PREVIEW]


def _received(tx: Transaction, r: ev.Recorded, f: ev.MessageReceived) -> None:
    # A signed form is read by the leader itself; a mail goes through a guarded worker first.
    if f.channel not in INLINE_CHANNELS:
        tx.connection.put("pending", f.message_id, _pending(r, f))


def _pending(r: ev.Recorded, f: ev.MessageReceived | ev.AttentionReplayed) -> Json:
    """To be read by a guarded worker before it can be resolved."""
    return {
        "message_id": f.message_id,
        "channel": f.channel,
        "account_id": f.account_id,
        "raw_content": f.raw_content,
        "seq": r.seq,
    }


def _read(tx: Transaction, r: ev.Recorded, f: ev.MessageParsed | ev.MessageUnparseable) -> None:
    tx.connection.run("DELETE FROM pending WHERE message_id = :id", {"id": f.message_id})


def _unparseable(tx: Transaction, r: ev.Recorded, f: ev.MessageUnparseable) -> None:
    _read(tx, r, f)
    tx.connection.run(
        "INSERT INTO attention (id, kind, state, at, channel, account_id, reason, message_id,"
        " raw_content, seq) VALUES (:id, 'unparseable', 'open', :at, :channel, :account, :reason,"
        " :message, :raw, :seq)"
        # Read again in vain: the same item is open again, where it stood.
        " ON CONFLICT (id) DO UPDATE SET state = 'open', reason = excluded.reason,"
        " tried_at = excluded.at, tries = attention.tries + 1",
        {
            "id": f.attention_id,
            "at": ms(r.at),
            "channel": f.channel,
            "account": f.account_id,
            "reason": f.reason,
            "message": f.message_id,
            "raw": f.raw_content,
            "seq": r.seq,
        },
    )


def _replayed(tx: Transaction, r: ev.Recorded, f: ev.AttentionReplayed) -> None:
    if f.channel not in INLINE_CHANNELS:
        tx.connection.run(  # it may still be waiting
            "INSERT INTO pending (message_id, channel, account_id, raw_content, seq) VALUES"
            " (:message_id, :channel, :account_id, :raw_content, :seq)"
            " ON CONFLICT (message_id) DO NOTHING",
            _pending(r, f),
        )


def write_entry(
    tx: Transaction,
    r: ev.Recorded,
    *,
    entry_id: str,
    identity_id: str,
    conversation_id: str,
    interaction_id: str | None,
    kind: str,
    direction: str,
    state: str,
    raw: str | None = None,
    parsed: str | None = None,
    address: str = "",
    name: str = "",
    **shown: object,
) -> None:
    """One row of the timeline. `shown`: what differs from an empty Entry (console-contract.md)."""
    body: Json = {
        "id": entry_id,
        "seq": r.seq,
        "kind": kind,
        "direction": direction,
        "identity_id": identity_id,
        "conversation_id": conversation_id,
        "interaction_id": interaction_id,
        "at": iso(r.at),
        "channel": "",
        "account_id": None,
        "from": {"address": address, "name": name},
        "to": [],
        "author_id": None,
        "author_name": "",
        "subject": "",
        "text": "",
        "quoted": None,
        "has_html": False,
        "lang": "",
        "attachments": [],
        "proof": "verified",
        "proof_why": "",
        "segments": None,
        **shown,
    }
    tx.connection.put(
        "entries",
        entry_id,
        {
            "identity_id": identity_id,
            "seq": r.seq,
            "id": entry_id,
            "conversation_id": conversation_id,
            "interaction_id": interaction_id,
            "kind": kind,
            "direction": direction,
            "state": state,
            "state_at": ms(r.at),
            "raw_content": raw,
            "parsed_content": parsed,
            "body": text(body),
        },
    )
    parts = cast("list[Json]", shown.get("attachments", []))
    for part in parts:
        if part.get("id"):
            tx.connection.run(
                "INSERT INTO attachments (content_id, entry_id) VALUES (:content, :entry)"
                " ON CONFLICT (content_id) DO NOTHING",
                {"content": part["id"], "entry": entry_id},
            )


def _resolved(tx: Transaction, r: ev.Recorded, f: ev.MessageResolved) -> None:
    found = profile(tx.body(f.parsed_content))
    sender = found.get("sender") or {"address": "", "name": ""}
    words = found.get("text", "")
    write_entry(
        tx,
        r,
        entry_id=f.message_id,
        identity_id=f.identity_id,
        conversation_id=f.conversation_id,
        interaction_id=f.interaction_id,
        kind="message",
        direction="in",
        state="received",
        raw=f.raw_content,
        parsed=f.parsed_content,
        channel=f.channel,
        account_id=f.account_id,
        address=sender["address"],
        name=sender["name"],
        to=found.get("to", []),
        author_name=sender["name"],
        subject=found.get("subject", ""),
        text=words,
        quoted=found.get("quoted") or None,
        has_html=bool(found.get("html_content")),
        lang=found.get("lang", ""),
        attachments=found.get("attachments", []),
        proof="verified" if f.proof else "claimed",
        proof_why=f.proof or f.rule,
        **({"reply_to": found["reply_to"]} if found.get("reply_to") else {}),
    )
    at = ms(r.at)
    for position, part in enumerate(found.get("attachments", [])):
        if part.get("url") and not part.get("id"):
            tx.connection.put(
                "fetches",
                (f.message_id, position),
                {
                    "message_id": f.message_id,
                    "position": position,
                    "channel": f.channel,
                    "account_id": f.account_id,
                    "url": part["url"],
                    "next_at": at,
                    "created_at": at,
                },
            )
    tx.connection.change(
        "interactions",
        f.interaction_id,
        last_customer_at=at,
        last_seq=r.seq,
        preview=preview(words or found.get("subject", "")),
        unread=Plus(1),
    )
    if f.channel == "email":
        own = f"key:{found['key']}" if found.get("key") else ""
        for key in (found.get("external_id", ""), own):
            remember_reference(tx, key, f.conversation_id, f.message_id)


def _queued(tx: Transaction, r: ev.Recorded, f: ev.MessageQueued) -> None:
    found = profile(tx.body(f.content))
    write_entry(
        tx,
        r,
        entry_id=f.message_id,
        identity_id=f.identity_id,
        conversation_id=f.conversation_id,
        interaction_id=f.interaction_id,
        kind="message",
        direction="out",
        state="queued",
        parsed=f.content,
        channel=f.channel,
        account_id=f.account_id,
        address=found.get("from", ""),
        to=[found.get("to", "")],
        author_id=f.author,
        author_name=found.get("author_name", ""),
        subject=found.get("subject", ""),
        text=found.get("text", ""),
        lang=found.get("lang", ""),
        attachments=found.get("attachments", []),
        segments=found.get("segments"),
    )
    at = ms(r.at)
    tx.connection.put(
        "outbox",
        f.message_id,
        {
            "message_id": f.message_id,
            "channel": f.channel,
            "account_id": f.account_id,
            "conversation_id": f.conversation_id,
            "identity_id": f.identity_id,
            "content": f.content,
            "author": f.author,
            "state": "queued",
            "next_at": ms(f.not_before_at),
            "queued_at": at,
            "in_reply_to": f.in_reply_to,
            "retry_of": f.retry_of,
        },
    )
    if f.interaction_id:
        tx.connection.change(
            "interactions", f.interaction_id, last_agent_at=at, last_seq=r.seq, unread=0
        )


def _note(tx: Transaction, r: ev.Recorded, f: ev.NoteAdded) -> None:
    found = profile(tx.body(f.content))
    write_entry(
        tx,
        r,
        entry_id=f.note_id,
        identity_id=f.identity_id,
        conversation_id=f.conversation_id,
        interaction_id=f.interaction_id,
        kind="note",
        direction="none",
        state="recorded",
        parsed=f.content,
        author_id=f.author,
        author_name=found.get("author_name", ""),
        text=found.get("text", ""),
        lang=found.get("lang", ""),
    )


def _nothing(tx: Transaction, r: ev.Recorded, f: ev.Fact) -> None:
    """The fact is history; no projection holds it."""


HANDLERS = {
    ev.MessageReceived: _received,
    ev.MessageParsed: _read,
    ev.MessageUnparseable: _unparseable,
    ev.AttentionReplayed: _replayed,
    ev.MessageResolved: _resolved,
    ev.MessageSetAside: _nothing,
    ev.MessageQueued: _queued,
    ev.NoteAdded: _note,
    ev.StatusReceived: _nothing,
    ev.StatusSetAside: _nothing,
}
