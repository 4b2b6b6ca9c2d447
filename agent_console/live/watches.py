"""The customers that a console watches: whom it has open, beside those whose work it holds."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress

from agent_console.live.audience import Audience
from agent_console.live.frames import by_seq, card_frame, entry_frame
from agent_console.live.messages import MAX_WATCHED
from agent_console.live.milestones import Milestones
from agent_console.live.scope import reads_customer
from agent_console.live.viewer import Viewer
from agent_console.wire import encode
from triggerhub.domain.errors import Conflict, NotFound
from triggerhub.domain.ports import Json, Views


class Watches:
    """`sent`: up to where frames are in the buffers."""

    def __init__(self, views: Views, audience: Audience, sent: Milestones) -> None:
        self._views = views
        self._audience = audience
        self._sent = sent

    async def watch(self, viewer: Viewer, customer_id: str) -> None:
        """Also push this customer's card and entries; raises NotFound if out of reach."""
        if customer_id not in viewer.watching and len(viewer.watching) >= MAX_WATCHED:
            raise Conflict(f"A console watches at most {MAX_WATCHED} customers.")
        card, likely = await self._follow(viewer, customer_id)
        if customer_id not in viewer.watching:
            return
        viewer.push(f"card:{customer_id}", self._sent.reached, card_frame(customer_id, card))
        await self._send_gap(viewer, customer_id, likely)

    def unwatch(self, viewer: Viewer, customer_id: str) -> None:
        self._audience.unwatch(viewer, customer_id)

    async def watch_again(self, viewer: Viewer, customer_ids: Iterable[str]) -> None:
        """Whom it watched before; who is out of reach by now is left out."""
        for customer_id in customer_ids:
            with suppress(NotFound):
                await self._follow(viewer, customer_id)

    async def recheck(self, customers: Iterable[str], claims: Iterable[tuple[str, str]]) -> None:
        """Whoever watched by right of a queue or work in hand may have lost that right; or what a
        claim opens beside whom they watch is another timeline now. `claims`: (customer, who they
        claim to be), of work that moved."""
        audience = self._audience
        for customer_id in customers:
            for viewer in audience.limited_watchers(customer_id):
                if await reads_customer(self._views, viewer.actor, customer_id):
                    continue
                audience.unwatch(viewer, customer_id)
                for watched, likely in list(viewer.watching.items()):
                    if likely == customer_id:
                        audience.watch(viewer, watched, None)
                        audience.turn(viewer)
        for customer_id, likely in claims:
            for viewer in audience.limited_watchers(customer_id):
                beside = viewer.watching.get(customer_id, likely)
                if beside is None and await reads_customer(self._views, viewer.actor, likely):
                    audience.turn(viewer)

    async def _follow(self, viewer: Viewer, customer_id: str) -> tuple[Json, str | None]:
        """The card, and whom they claim to be, as far as this viewer may see; else NotFound."""
        try:
            await self._check(viewer, customer_id)
            # In the index first: what changes while the card is read is then sent after it.
            self._audience.watch(viewer, customer_id, None)
            await self._check(viewer, customer_id)
            cards = (await self._views.rows({"cards": [customer_id]})).get("cards", {})
            if (card := cards.get(customer_id)) is None:
                raise _no_customer()
        except NotFound:
            self._audience.unwatch(viewer, customer_id)
            raise
        likely = card["likely"]["customer_id"] if card["likely"] else None
        for _ in range(2):  # as above: once more when it is in the index
            if likely is not None and not await reads_customer(self._views, viewer.actor, likely):
                likely = None
            if customer_id in viewer.watching:
                self._audience.watch(viewer, customer_id, likely)
        self._audience.doubt(viewer)  # the likely one may have been another before
        return card, likely

    async def _check(self, viewer: Viewer, customer_id: str) -> None:
        if not await reads_customer(self._views, viewer.actor, customer_id):
            raise _no_customer()

    async def _send_gap(self, viewer: Viewer, customer_id: str, likely: str | None) -> None:
        """What changed in a watched timeline while this console was away."""
        wanted = [
            entry_id
            for entry_id, of in viewer.gap_entries.items()
            if of is None or of in (customer_id, likely)
        ]
        if not wanted:
            return
        rows = await self._views.rows({"entries": wanted})
        for row in sorted(rows.get("entries", {}).values(), key=by_seq):
            if row["customer_id"] in (customer_id, likely):
                beside = sorted({row["customer_id"], customer_id})
                tail = entry_frame(beside, encode(row))
                viewer.push(f"entry:{row['id']}", self._sent.reached, tail)


def _no_customer() -> NotFound:
    return NotFound("There is no such customer, or they are not for you.")
