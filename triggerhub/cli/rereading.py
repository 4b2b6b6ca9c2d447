"""Asks a running hub to read again what it could not read, and waits for what comes of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from dataclasses import asdict
from typing import Any

from router.desk import RouterDesk
from storage.store import Store
from triggerhub.domain.commands import ReplayAttention
from triggerhub.domain.errors import Conflict, NotFound
from triggerhub.domain.model.rereading import outcome
from triggerhub.domain.permissions import Actor

ACTOR = Actor(id="admin:command_line", role="admin")
LOOK_EVERY = 0.1  # seconds
PAGE = 500  # events


async def read_again(
    store: Store, attention_ids: Iterable[str], seconds: float
) -> AsyncIterator[dict[str, Any]]:
    """{id, outcome, reason, message_id, customer_id} of each, as they are settled.

    Those refused come first; those of which nothing is heard within `seconds`, last.
    """
    after = await store.read(lambda reader: reader.head())
    asked: dict[str, str] = {}  # attention id by message id
    for attention_id in dict.fromkeys(attention_ids):
        try:
            answer = await RouterDesk(store).execute(
                ACTOR, ReplayAttention(attention_id=attention_id)
            )
        except (NotFound, Conflict) as error:
            yield _row(attention_id, None, outcome="refused", reason=str(error))
        else:
            asked[answer["message_id"]] = attention_id
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    while asked:
        events = await store.read(lambda reader, after=after: reader.events_after(after, PAGE))  # type: ignore[misc]
        for recorded in events:
            after = recorded.seq
            message_id = getattr(recorded.fact, "message_id", None)
            if message_id not in asked:
                continue
            if (found := outcome(message_id, [recorded.fact])) is not None:
                yield _row(asked.pop(message_id), message_id, **asdict(found))
        if loop.time() >= deadline:
            break
        if not events:
            await asyncio.sleep(LOOK_EVERY)
    for message_id, attention_id in asked.items():
        yield _row(attention_id, message_id, outcome="waiting")


def _row(attention_id: str, message_id: str | None, **more: Any) -> dict[str, Any]:
    said = {"outcome": "", "reason": "", "customer_id": None} | more
    return {"id": attention_id, "message_id": message_id} | said
