"""The store: one writer beside the readers; implements Inbox and Store."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import TypeVar, cast

from storage import shelf as shelves
from storage.engine import Database
from storage.files import ContentFiles
from storage.reading import Reader, ReadStore
from storage.shelf import IN_ROW, Shelf
from storage.tail import Tail
from storage.transaction import Dedupe, Kit, Transaction
from storage.vault import Vault
from storage.writer import Writer
from triggerhub.domain.clock import Clock, IdSource
from triggerhub.domain.errors import Invalid, Rejected, TooLarge
from triggerhub.domain.events import Fact, MessageReceived, Recorded, StatusReceived
from triggerhub.domain.model.message import Accepted, Arrival
from triggerhub.domain.work import Companion, Prepared, Work

T = TypeVar("T")
MAX_RAW = 30 * 1024 * 1024  # bytes of one delivery


class Store(ReadStore):
    """Everything that reads or writes the database of one node goes through here."""

    def __init__(
        self,
        database: Database,
        *,
        clock: Clock,
        ids: IdSource,
        vault: Vault,
        files: ContentFiles,
        tail: Tail,
    ) -> None:
        kit = Kit(clock=clock, ids=ids, vault=vault, files=files)
        super().__init__(database, kit=kit, tail=tail)
        self.writer = Writer(database, kit, self._committed)

    async def start(self) -> None:
        self.writer.start()
        await super().start()

    async def stop(self) -> None:
        """Finish what was handed over; then close everything."""
        await self.writer.stop()
        await super().stop()

    async def watch(self) -> None:
        """Until cancelled; raises what the writer broke off with, should it ever."""
        await self.writer.watch()

    def _committed(self, recorded: Sequence[Recorded]) -> None:
        self.tail.publish(recorded)

    # --- writing ------------------------------------------------------------------------------

    async def run(
        self,
        work: Callable[[Work], T],
        *,
        alone: bool = False,
        undone: Callable[[], None] | None = None,
    ) -> T:
        ran = cast("Callable[[Transaction], T]", work)
        return await self.writer.run(ran, alone=alone, undone=undone)

    def accompanied_by(self, companion: Companion | None) -> None:
        self.writer.companion = companion

    def flooded(self) -> bool:
        return self.writer.flooded()

    async def write(self, work: Callable[[Transaction], T]) -> T:
        """As `run`, with what only this package and the administration need (secrets, leases)."""
        return await self.writer.run(work)

    @asynccontextmanager
    async def prepared(self, keep: Callable[[Shelf], T]) -> AsyncGenerator[Prepared[T]]:
        """Content for one transaction within (domain.work.Store)."""
        made = self._laid(keep)
        if not any(len(piece.body) > IN_ROW for piece in made.pieces):
            yield made
            return
        made.pieces = await asyncio.to_thread(shelves.write, made.pieces, self.kit.files)
        try:
            yield made
        except Rejected:  # surely rolled back; of other failures pruning finds out
            await asyncio.to_thread(shelves.remove, made.pieces, self.kit.files)
            raise
        if not made.placed:
            await asyncio.to_thread(shelves.remove, made.pieces, self.kit.files)

    def _laid(self, keep: Callable[[Shelf], T]) -> Prepared[T]:
        shelf = Shelf(self.kit.ids)
        value = keep(shelf)
        return Prepared(value=value, pieces=tuple(shelf.pieces))

    async def accept(self, arrival: Arrival) -> Accepted:
        """Commit the bytes and one event (domain.ports.Inbox)."""
        if not arrival.external_id:
            raise Invalid("a delivery without an id can't be told from others", code="empty_key")
        if len(arrival.raw) > MAX_RAW:
            raise TooLarge(f"more than {MAX_RAW} bytes")

        def keep(shelf: Shelf) -> str:
            return shelf.put(
                "raw",
                arrival.raw,
                media_type=arrival.media_type,
                meta={"external_id": arrival.external_id, **arrival.envelope},
                content_id=self.kit.ids.new("raw"),
            )

        # A message that fits into its row, as all of a flood do, leaves no file to clean up.
        if len(arrival.raw) <= IN_ROW:
            accepting = self._acceptance(arrival, self._laid(keep))
            return await self.writer.run(accepting, delivery=True)
        async with self.prepared(keep) as raw:
            return await self.writer.run(self._acceptance(arrival, raw), delivery=True)

    def _acceptance(
        self, arrival: Arrival, raw: Prepared[str]
    ) -> Callable[[Transaction], Accepted]:
        ids = self.kit.ids
        dedupe = Dedupe(
            scope=f"{arrival.kind}:{arrival.account_id}",
            key=self.kit.vault.hash(arrival.external_id),
        )
        fact: Fact
        if arrival.kind == "message":
            own = ids.new("msg")
            fact = MessageReceived(
                message_id=own,
                channel=arrival.channel,
                account_id=arrival.account_id,
                raw_content=raw.value,
            )
        else:
            own = ids.new("st")
            fact = StatusReceived(
                status_id=own,
                channel=arrival.channel,
                account_id=arrival.account_id,
                raw_content=raw.value,
            )
        actor = f"channel:{arrival.channel}"

        def commit(tx: Transaction) -> Accepted:
            recorded, earlier = tx.append_once(fact, dedupe, actor=actor)
            if recorded is None:
                was = earlier.message_id if isinstance(earlier, MessageReceived) else ""
                if isinstance(earlier, StatusReceived):
                    was = earlier.status_id
                return Accepted(id=was, duplicate=True)
            tx.place(raw)
            return Accepted(id=own, duplicate=False)

        return commit

    # --- reading ------------------------------------------------------------------------------

    async def read_warm(self, look: Callable[[Reader], T]) -> T:
        """A short look at what was just written, in the writer's thread where its pages are.

        On PostgreSQL, which keeps its pages for everybody, as `read`.
        """
        if self.database.dialect != "sqlite":
            return await self.read(look)
        return await self.writer.look(lambda connection: look(Reader(connection, self.kit)))
