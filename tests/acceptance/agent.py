"""An agent who works without rest: accepts, notes, answers, closes, one piece after the other.

Owns a record of what was asked and answered. Must not know how the hub does it.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from tests.acceptance.console import Console, Refused
from triggerhub.domain.ports import Json


@dataclass(slots=True, kw_only=True)
class Agent:
    console: Console
    replies: dict[str, Json] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    leaving: asyncio.Event = field(default_factory=asyncio.Event)
    _numbers: Any = field(default_factory=lambda: count(1))

    async def work(self) -> None:
        """Until told to leave and everything begun is finished."""
        console = self.console
        await console.ask("presence.set", presence="available")
        leave = asyncio.create_task(self.leaving.wait())
        try:
            while not self.leaving.is_set():
                look = asyncio.create_task(console.until(self._next, "work", seconds=600))
                await asyncio.wait({look, leave}, return_when=asyncio.FIRST_COMPLETED)
                if not look.done():
                    look.cancel()
                    await asyncio.gather(look, return_exceptions=True)
                    break
                kind, row = look.result()
                try:
                    await (self._accept(row) if kind == "offer" else self._answer(row))
                except Refused as refused:
                    self.refused.append(refused)
        finally:
            leave.cancel()
            await asyncio.gather(leave, return_exceptions=True)

    def _next(self, state: Json) -> tuple[str, Json] | None:
        me = state["me"]
        if me is None:
            return None
        for row in state["interactions"].values():
            if row["owner_id"] == me["id"] and row["state"] == "active":
                return "interaction", row
        for row in state["offers"].values():
            if row["agent_id"] == me["id"] and row["state"] == "pending":
                return "offer", row
        return None

    async def _accept(self, offer: Json) -> None:
        offer_id = offer["id"]
        await self.console.ask("offer.accept", offer_id=offer_id)
        await self.console.until(lambda s: offer_id not in s["offers"], "the offer go")

    async def _answer(self, row: Json) -> None:
        number, login = next(self._numbers), self.console.login
        note, text = f"Note {login}-{number}.", f"Answer {login}-{number}."
        await self.console.ask("note.add", conversation_id=row["conversation_id"], text=note)
        self.notes.append(note)
        sent = await self.console.ask(
            "message.send",
            interaction_id=row["id"],
            channel=row["channel"],
            account_id=row["account_id"],
            identity_id=row["identity_id"],
            text=text,
        )
        self.replies[text] = sent | {"channel": row["channel"]}
        await self.console.ask("interaction.close", interaction_id=row["id"], code="done")
        await self.console.until(lambda s: row["id"] not in s["interactions"], "the work go")
