"""Commands about words: replies and notes.

A note is a fact of its own that no sender accepts (promise 3). A reply's account, identity and
recipient are frozen when it is queued.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from router import grant
from router.resolve.content import language
from router.resolve.opening import opened
from triggerhub.domain import commands as cmd
from triggerhub.domain import events as ev
from triggerhub.domain.errors import Conflict, Invalid, NotFound, TooLarge
from triggerhub.domain.model.identity import closed_because
from triggerhub.domain.model.message import Account
from triggerhub.domain.model.segments import segments
from triggerhub.domain.model.subject import MAX_SUBJECT, answering
from triggerhub.domain.permissions import Actor, may
from triggerhub.domain.rows import ConversationRow, IdentityRow, OutboxRow
from triggerhub.domain.work import Work

if TYPE_CHECKING:
    from router.desk import Options

Json = dict[str, Any]
MAX_UPLOADS = 20
MAX_SMS = 1600  # characters of one message (Twilio: code 21617)
MAX_REFERENCES = 50
KINDS = {"email": "email", "sms": "phone", "whatsapp": "phone"}
CHANNELS_WITHOUT_FILES = frozenset({"sms", "whatsapp"})


def send(work: Work, actor: Actor, command: cmd.SendMessage, options: Options) -> Json:
    row = grant.interaction(work, actor, command.interaction_id, "interaction.act")
    if row.state == "closed":
        raise Conflict("this interaction is closed", code="closed")
    text = command.text.strip()
    if not text and not command.upload_ids:
        raise Invalid("there is nothing to send", code="empty_message")
    account, identity = _way(work, command, row.customer_id, row.identity_id)
    uploads = work.uploads(command.upload_ids, actor.id)
    if len(uploads) != len(set(command.upload_ids)) or len(uploads) > MAX_UPLOADS:
        raise Invalid("an attachment is missing or there are too many", code="wrong_upload")
    if account.channel in ("sms", "whatsapp") and len(text) > MAX_SMS:
        raise TooLarge(f"a text message has at most {MAX_SMS} characters", code="text_too_long")
    if uploads and account.channel in CHANNELS_WITHOUT_FILES:
        raise Invalid("text messages can't carry files here", code="no_attachments")
    conversation = _conversation_for(work, actor, row.conversation_id, account, identity)
    last = work.last_inbound(conversation.id)
    answers = last["external_id"] if last and account.channel == "email" else ""
    subject = _subject(command.subject, conversation, last, answers=bool(answers))
    author = grant.person(work, actor)
    content_id = work.put_json(
        "outbound",
        {
            "from": _sender(account, last),
            "answers": answers,
            "references": _ancestry(last) if last and answers else [],
            "to": identity.address,
            "to_kind": identity.kind,
            "to_name": identity.name,
            "subject": subject if account.channel == "email" else "",
            "text": text,
            "lang": language(text),
            "author_name": author.name,
            "segments": segments(text) if account.channel == "sms" else None,
            "attachments": [{**u, "inline": False, "cid": None} for u in uploads],
        },
    )
    queued = ev.MessageQueued(
        message_id=work.new_id("msg"),
        channel=account.channel,
        account_id=account.id,
        conversation_id=conversation.id,
        interaction_id=row.id,
        customer_id=row.customer_id,
        identity_id=identity.id,
        content=content_id,
        author=actor.id,
        not_before_at=work.now + options.undo,
        in_reply_to=last["message_id"] if last else None,
        retry_of=None,
    )
    work.append(queued, actor=actor.id)
    return {"message_id": queued.message_id}


def _way(
    work: Work, command: cmd.SendMessage, customer_id: str, identity_id: str
) -> tuple[Account, IdentityRow]:
    """The account and the address, both of which must belong to what is being answered."""
    account = next((a for a in work.accounts() if a.id == command.account_id), None)
    if account is None or account.channel != command.channel:
        raise Invalid("this account can't send on this channel", code="no_account")
    identity = work.identity(command.identity_id)
    if identity is None or (identity.customer_id != customer_id and identity.id != identity_id):
        raise Invalid("this address isn't the customer's", code="foreign_identity")
    if KINDS.get(account.channel) != identity.kind:
        raise Invalid("this address can't be reached on this channel", code="wrong_channel")
    _open(identity, account.id)
    return account, identity


def _open(identity: IdentityRow, account_id: str) -> None:
    """Raises Conflict for an address that takes no messages: ended, erased, never known, or none
    of this account.
    """
    why = closed_because(
        identity.address,
        standing=identity.standing,
        ended=identity.ended,
        link_why=identity.link_why,
        opted_out=account_id in identity.opted_out,
    )
    if why is not None:
        raise Conflict("this address can't be written to", code=why)


def _conversation_for(
    work: Work, actor: Actor, conversation_id: str, account: Account, identity: IdentityRow
) -> ConversationRow:
    """The thread that the reply goes to: the current one, or the address's own on that account."""
    current = work.conversations([conversation_id])[0]
    if current.account_id == account.id and current.identity_id == identity.id:
        return current
    for row in work.newest_conversations([identity.id]):
        if row.account_id == account.id:
            return row
    subject_id = work.put_json("subject", {"subject": current.subject}) if current.subject else None
    fact = opened(
        work.new_id,
        identity,
        channel=account.channel,
        account_id=account.id,
        subject_content=subject_id,
        related=current.id,
    )
    work.append(fact, actor=actor.id)
    return work.conversations([fact.conversation_id])[0]


def _sender(account: Account, last: Json | None) -> str:
    """The address that the customer wrote to; else the account's first."""
    for address in last["to"] if last else []:
        if address in account.addresses:
            return str(address)
    return account.addresses[0] if account.addresses else ""


def _subject(
    given: str | None, conversation: ConversationRow, last: Json | None, *, answers: bool
) -> str:
    """As it will be sent: an answer's with its mark. Raises Invalid."""
    if given is not None and ("\n" in given or "\r" in given or len(given) > MAX_SUBJECT):
        raise Invalid(f"a subject is one line, of {MAX_SUBJECT} at most", code="wrong_field")
    subject = given
    if subject is None:
        words = conversation.subject or (last["subject"] if last else "")
        subject = " ".join(str(words).split())[:MAX_SUBJECT]
    return answering(subject) if answers else subject


def _ancestry(last: Json) -> list[str]:
    """What the message that is answered refers to, oldest first; of very many as a mail has them.

    Kept as the newest first, with an In-Reply-To that its References lack as the oldest.
    """
    ids = [str(one) for one in reversed(last["references"])]
    return ids if len(ids) <= MAX_REFERENCES else [ids[0], *ids[1 - MAX_REFERENCES :]]


def _own_message(work: Work, actor: Actor, message_id: str) -> tuple[OutboxRow, ConversationRow]:
    row = work.outbox(message_id)
    if row is None:
        raise NotFound(f"there is no message {message_id} of ours")
    conversation = grant.conversation(work, actor, row.conversation_id, "interaction.read")
    if row.author != actor.id:
        grant.require(actor, "interaction.steer")
    return row, conversation


def cancel(work: Work, actor: Actor, command: cmd.CancelMessage, options: Options) -> Json:
    row, _conversation = _own_message(work, actor, command.message_id)
    if row.state != "queued" or row.attempt > 0:
        raise Conflict("it is already on its way", code="already_sending")
    work.append(
        ev.MessageCancelled(message_id=row.message_id, interaction_id=row.interaction_id),
        actor=actor.id,
    )
    return {}


def retry(work: Work, actor: Actor, command: cmd.RetryMessage, options: Options) -> Json:
    """A new message with the same words; the failed one stays as what it is."""
    row, conversation = _own_message(work, actor, command.message_id)
    if not may(actor, "interaction.steer"):
        # Who sees to what failed may do so after the end; others hold the work, or had it.
        grant.require(actor, "interaction.act", grant.conversation_subject(conversation))
        if conversation.interaction_state == "closed":
            raise Conflict("this interaction is closed", code="closed")
    if row.state not in ("failed", "unknown"):
        raise Conflict("only what failed, or whose end isn't known, is sent again", code="state")
    if work.retried(row.message_id):
        raise Conflict("it is being sent again already", code="already_retried")
    content = orjson.loads(work.body(row.content) or b"null")
    if content is None:
        raise Conflict("its words were erased", code="erased")
    identity = work.identity(row.identity_id)
    assert identity is not None
    assert identity.customer_id is not None
    _open(identity, row.account_id)
    queued = ev.MessageQueued(
        message_id=work.new_id("msg"),
        channel=row.channel,
        account_id=row.account_id,
        conversation_id=row.conversation_id,
        interaction_id=conversation.interaction_id,
        customer_id=identity.customer_id,
        identity_id=row.identity_id,
        content=work.put_json("outbound", content),
        author=actor.id,
        not_before_at=work.now,
        in_reply_to=row.in_reply_to,
        retry_of=row.message_id,
    )
    work.append(queued, actor=actor.id)
    for attention_id in work.attention_of(row.message_id):
        work.append(ev.AttentionClosed(attention_id=attention_id, how="retried"), actor=actor.id)
    return {"message_id": queued.message_id}


def add_note(work: Work, actor: Actor, command: cmd.AddNote, options: Options) -> Json:
    row = grant.conversation(work, actor, command.conversation_id, "interaction.read")
    if not command.text.strip():
        raise Invalid("there is nothing in this note", code="empty_message")
    return {"entry_id": note_facts(work, actor, row.id, row.interaction_id, command.text)}


def note_facts(
    work: Work, actor: Actor, conversation_id: str, interaction_id: str | None, text: str
) -> str:
    """Append a note; its id."""
    row = work.conversations([conversation_id])[0]
    text = text.strip()
    note_id = work.new_id("nt")
    author = grant.person(work, actor)
    content_id = work.put_json(
        "note", {"text": text, "lang": language(text), "author_name": author.name}
    )
    work.append(
        ev.NoteAdded(
            note_id=note_id,
            conversation_id=row.id,
            interaction_id=interaction_id,
            customer_id=row.customer_id,
            identity_id=row.identity_id,
            content=content_id,
            author=actor.id,
        ),
        actor=actor.id,
    )
    return note_id
