"""The log for other systems: CloudEvents 1.0 in the JSON format, by cursor, with long-poll."""

from __future__ import annotations

from agent_console.api.route import Answer, AnyCall
from agent_console.wire import instant
from triggerhub.domain.errors import Conflict
from triggerhub.domain.events import Recorded, fields_of
from triggerhub.domain.ports import AccountDirectory, Json

# What an event is about, the most telling first.
_SUBJECTS = (
    "message_id", "offer_id", "interaction_id", "conversation_id", "customer_id", "identity_id",
    "agent_id", "attention_id", "account_id", "queue_id", "user_id", "status_id", "note_id",
)  # fmt: skip


async def events(call: AnyCall) -> Answer:
    """`next` is what to ask for next time as `after`; with `wait` an empty page comes late.

    Raises Conflict where `epoch` is another log's: one that was restored gives numbers anew.
    """
    query, console = call.query, call.console
    if query.epoch is not None and query.epoch != console.epoch:
        raise Conflict(
            "The log was restored from a backup since: read it again from the start.",
            code="another_epoch",
        )
    found = await console.views.events(query.after, query.limit)
    if not found and query.wait:
        await console.progress.wait_beyond(query.after, query.wait)
        found = await console.views.events(query.after, query.limit)
    return {
        "events": [
            cloud_event(recorded, extras, console.accounts, console.face.source)
            for recorded, extras in found
        ],
        "epoch": console.epoch,
        "next": found[-1][0].seq if found else query.after,
    }


def cloud_event(recorded: Recorded, extras: Json, accounts: AccountDirectory, source: str) -> Json:
    """`data`: the fact's fields without content ids, `account` as the name that people gave it."""
    data = {
        key: value
        for key, value in fields_of(recorded.fact).items()
        if key != "content" and not key.endswith("_content")
    }
    account_id = data.get("account_id")
    if account_id is not None and "name" not in data:
        account = accounts.by_id(account_id)
        data["account"] = account.name if account is not None else account_id
    event: Json = {
        "specversion": "1.0",
        "id": recorded.id,
        "source": source,
        "type": recorded.type,
        "time": instant(recorded.at),
        "datacontenttype": "application/json",
        "sequence": f"{recorded.seq:020d}",
        "data": data | extras,
    }
    subject = next((data[key] for key in _SUBJECTS if data.get(key)), None)
    if subject is not None:
        event["subject"] = subject
    return event
