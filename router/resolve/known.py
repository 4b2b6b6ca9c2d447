"""What is known before a batch is decided: its deliveries, and what one bulk read found of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from triggerhub.domain import events as ev
from triggerhub.domain.model.message import INLINE_CHANNELS, Account, Address, InboundMessage
from triggerhub.domain.rows import ConversationRow, IdentityRow
from triggerhub.domain.work import Reading


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One read message, with where its bytes and its reading are kept."""

    message_id: str
    channel: str
    account_id: str
    raw_content: str
    parsed_content: str
    message: InboundMessage


@dataclass(slots=True, kw_only=True)
class Known:
    """What one bulk read found about the senders and threads of a batch; grows as we decide."""

    accounts: Mapping[str, Account]
    identities: dict[tuple[str, str, str], IdentityRow] = field(default_factory=dict)
    by_token: dict[str, ConversationRow] = field(default_factory=dict)
    by_reference: dict[str, tuple[str, str]] = field(default_factory=dict)
    conversations: dict[str, ConversationRow] = field(default_factory=dict)
    newest: dict[tuple[str, str], str] = field(default_factory=dict)

    def identity(self, address: Address, standing: str) -> IdentityRow | None:
        return self.identities.get((address.kind, address.address, standing))

    def add_identities(self, rows: Iterable[IdentityRow]) -> None:
        for row in rows:
            self.identities[row.kind, row.address, row.standing] = row

    def drop_identity(self, row: IdentityRow) -> None:
        """It has ended: nobody writes as it any more."""
        del self.identities[row.kind, row.address, row.standing]

    def opt(self, identity: IdentityRow, account_id: str, *, out: bool) -> None:
        accounts = identity.opted_out | {account_id} if out else identity.opted_out - {account_id}
        self.add_identities([replace(identity, opted_out=accounts)])

    def reported(self, fact: ev.IdentityOptedOut) -> None:
        """Take in what a provider has said of somebody, before it is asked what they write next."""
        for identity in list(self.identities.values()):
            if identity.id == fact.identity_id:
                self.opt(identity, fact.account_id, out=True)

    def add_conversations(self, rows: Iterable[ConversationRow], *, newest: bool = False) -> None:
        for row in rows:
            self.conversations[row.id] = row
            self.by_token[row.reply_token] = row
            if newest:
                self.newest[row.identity_id, row.account_id] = row.id


def wanted_references(message: InboundMessage) -> list[str]:
    """What to look up in `threads`: earlier ids, and this very message under another account."""
    return [*message.references, f"key:{message.key}"]


def load(
    reading: Reading, accounts: Mapping[str, Account], deliveries: Sequence[Delivery]
) -> Known:
    """One bulk read for the batch: senders, threads, conversations."""
    known = Known(accounts=accounts)
    messages = [delivery.message for delivery in deliveries]
    senders = {
        sender.address: delivery.channel
        for delivery in deliveries
        if (sender := delivery.message.sender) is not None and sender.address
    }
    known.add_identities(reading.identities(senders))
    # Of the others no thread is found by its sender alone, and some have hundreds.
    brief = [i.id for i in known.identities.values() if senders[i.address] in INLINE_CHANNELS]
    known.add_conversations(reading.newest_conversations(brief), newest=True)
    tokens = {token for m in messages for token in m.reply_tokens}
    known.add_conversations(reading.conversations_by_token(tokens))
    mails = [m for m in messages if m.references or m.subject or m.key != m.external_id]
    known.by_reference = reading.threads({r for m in mails for r in wanted_references(m)})
    known.add_conversations(
        reading.conversations({place[0] for place in known.by_reference.values()})
    )
    return known
