"""From a batch of committed events to frames in the buffers of those who may see them.

Rows are read once a batch, serialised once, and routed by the audience's indexes. They may be
newer than the batch: frames carry whole rows, and the event that made a row newer sends it again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from agent_console.live.audience import Audience
from agent_console.live.found import Found
from agent_console.live.frames import by_seq, card_frame, entry_frame, frame, removed_frame
from agent_console.live.scope import agent_name
from agent_console.live.touched import OfferMark, Touched, touched
from agent_console.live.viewer import Viewer
from agent_console.live.watches import Watches
from agent_console.wire import encode
from triggerhub.domain.events import OfferMade, Recorded
from triggerhub.domain.permissions import Actor
from triggerhub.domain.ports import Json, Views

SYSTEM = Actor(id="system", role="system")
Wanted = dict[str, set[str]]


@dataclass(slots=True)
class Moved:
    """Work that moved: whose own rows tell of it, and who knows it by the work's own row."""

    agents: set[str] = field(default_factory=set)
    customers: set[str] = field(default_factory=set)
    claims: set[tuple[str, str]] = field(default_factory=set)
    """Customers, each with whom the work only claims to be of."""
    knowing: list[tuple[str, set[Viewer]]] = field(default_factory=list)
    """Customers, each with those on whose card the work's own row brings all that changed."""
    left: set[str] = field(default_factory=set)
    """Agents who hold one piece of it no more."""


class Fanout:
    """Handles one batch at a time; holds no state but the audience's."""

    def __init__(self, views: Views, audience: Audience, watches: Watches) -> None:
        self._views = views
        self._audience = audience
        self._watches = watches
        self._staged: list[tuple[set[Viewer], str, bytes]] = []

    async def send(self, batch: Sequence[Recorded]) -> Touched:
        """Put the batch's frames into the buffers; raises Unavailable if rows can't be read."""
        keys, found = touched(batch), Found(self._views)
        self._turn_viewers(keys)
        await self._find_renamed(keys)
        keys.interactions -= self._unseen(keys)  # who comes from now on has a newer snapshot
        await found.read(self._foreseen(keys))
        # No await from here to the end of the routing of work: a viewer that joins sees either
        # all of the batch in the index or nothing of it.
        self._route_offer_ends(keys)
        seq = batch[-1].seq
        moved = self._route_work(seq, keys, found)
        for viewer in self._audience.of_agents(moved.left):
            self._audience.doubt(viewer)
        whole = self._route_offers(keys, found)
        await self._watches.recheck(moved.customers, moved.claims)
        await self._send_people(keys, found, moved, whole)
        # All at once: nobody gets one half of a batch under its number and loses the other.
        for viewers, key, tail in self._staged:
            for viewer in viewers:
                viewer.push(key, seq, tail)
        self._staged.clear()
        return keys

    def forget(self) -> None:
        """Give up a batch that failed. After Unavailable what was staged is kept: the index has
        moved on, so trying again wouldn't find who lost what."""
        self._staged.clear()

    def _stage(self, viewers: set[Viewer], key: str, tail: bytes) -> None:
        if viewers:
            self._staged.append((viewers, key, tail))

    # --- work: interactions and offers --------------------------------------------------------

    async def _find_renamed(self, keys: Touched) -> None:
        for customer_id in keys.renamed:
            keys.interactions |= self._audience.holdings.interactions_of(customer_id)
            keys.cards.update(self._audience.shown_with(customer_id))
            if self._audience.overseers:
                page = await self._views.interactions(
                    {"customer": customer_id}, viewer=SYSTEM, after=None, limit=200
                )
                keys.interactions |= {
                    row["id"] for row in page["items"] if row["state"] != "closed"
                }

    def _unseen(self, keys: Touched) -> set[str]:
        """Work that came and waits, of which no console shows anything."""
        sees = self._audience.sees
        return {i for i, of in keys.came.items() if i not in keys.turned and not sees(i, of)}

    def _foreseen(self, keys: Touched) -> Wanted:
        """All that will be wanted, as far as the index knows it before the work has moved."""
        holdings, offers, whole = self._audience.holdings, set[str](), set(keys.told.values())
        for offer_id, interaction_id, agent_id in self._offers(keys):
            if self._audience.of_agent(agent_id):
                offers.add(offer_id)
                whole.add(interaction_id)
        for entry_id, interaction_id in keys.told.items():
            if (customer_id := holdings.customer(interaction_id)) is not None:
                keys.entries[entry_id] = customer_id
        agents = keys.agents.union(*map(holdings.agents, keys.legs))
        work = {"interactions": keys.interactions, "offers": offers}
        return work | self._people(keys, agents, keys.cards, whole)

    def _offers(self, keys: Touched) -> Iterator[tuple[str, str, str]]:
        """(offer, interaction, agent) of those that were made, and of those for work that changed.

        Without those that ended.
        """
        for mark in keys.offers.values():
            if mark.reason is None:
                yield mark.offer_id, mark.interaction_id, mark.agent_id
        for interaction_id in keys.interactions:
            offered = self._audience.holdings.offer(interaction_id)
            if offered is not None and offered.offer_id not in keys.offers:
                yield offered.offer_id, interaction_id, offered.agent_id

    def _route_offer_ends(self, keys: Touched) -> None:
        holdings = self._audience.holdings
        for mark in keys.offers.values():
            if mark.reason is None:
                holdings.put_offer(
                    mark.interaction_id, mark.offer_id, mark.agent_id, _offer_row(mark)
                )
                continue
            holdings.drop_offer(mark.interaction_id, mark.offer_id)
            tail = removed_frame("offer", mark.offer_id, mark.reason)
            viewers = self._audience.overseers.union(self._audience.of_agent(mark.agent_id))
            self._stage(viewers, f"offer:{mark.offer_id}", tail)

    def _route_work(self, seq: int, keys: Touched, found: Found) -> Moved:
        audience, holdings, moved = self._audience, self._audience.holdings, Moved()
        for interaction_id in keys.interactions:
            row = found.row("interactions", interaction_id)
            before = holdings.agents(interaction_id)
            now = holdings.put(interaction_id, row)
            is_open = row is not None and row["state"] != "closed"
            moved.left |= before - now
            seeing = audience.of_agents(now)
            if is_open:
                seeing |= audience.overseers
                tail = frame("interaction.changed", row)
                self._stage(seeing, f"interaction:{interaction_id}", tail)
            losing = audience.of_agents(before).union(audience.joining)
            if not is_open:
                losing |= audience.overseers
            losing -= seeing
            for viewer in losing:
                if viewer.floor >= seq and viewer.actor.id in before and row is not None:
                    # The row may be newer than the viewer's snapshot, but the frame won't pass:
                    # they stay in the index for the event that took it away.
                    holdings.seed(interaction_id, row, viewer.actor.id)
            if losing:
                tail = removed_frame("interaction", interaction_id)
                self._stage(losing, f"interaction:{interaction_id}", tail)
            for viewer in audience.joining:
                viewer.touched_after[interaction_id] = seq
            if interaction_id in keys.legs:
                moved.agents |= before | now
            if interaction_id in keys.moved and row is not None:
                theirs, likely = row["customer_id"], row["likely_customer_id"]
                moved.customers.add(theirs)
                if likely is not None:
                    moved.customers.add(likely)
                    moved.claims.add((theirs, likely))
                had = audience.of_agents(before).union(audience.overseers)
                # A frame that a snapshot makes void would leave the card as it was.
                sure = {viewer for viewer in seeing & had if viewer.follows(seq)}
                moved.knowing.append((theirs, sure))
        for entry_id, interaction_id in keys.told.items():
            if (row := found.row("interactions", interaction_id)) is not None:
                keys.entries[entry_id] = row["customer_id"]
                keys.cards.add(row["customer_id"])
        return moved

    def _route_offers(self, keys: Touched, found: Found) -> set[str]:
        """The interactions whose offer was sent whole, card and timeline included."""
        audience = self._audience
        whole: set[str] = set()
        for interaction_id in keys.interactions:
            offered = audience.holdings.offer(interaction_id)
            if offered is None:
                continue
            key = f"offer:{offered.offer_id}"
            viewers = set(audience.of_agent(offered.agent_id))
            row = found.row("offers", offered.offer_id)
            if viewers and row is not None and row["state"] == "pending":
                self._stage(viewers, key, frame("offer.changed", row))
                whole.add(interaction_id)
            interaction = found.row("interactions", interaction_id)
            others = audience.overseers - viewers
            if others and interaction is not None and interaction["state"] == "offered":
                tail = frame("offer.changed", offered.row | {"interaction": interaction})
                self._stage(others, key, tail)
        return whole

    # --- people: agents, customers' cards and timelines ---------------------------------------

    def _people(self, keys: Touched, agents: set[str], cards: set[str], whole: set[str]) -> Wanted:
        """`whole`: work whose addressees have it whole with an offer, or will have lost it."""
        return {
            "agents": {a for a in agents if a in keys.users or self._audience.of_agent_row(a)},
            "cards": {c for c in cards if self._audience.addressed(c, whole)},
            "entries": {
                entry_id
                for entry_id, customer_id in keys.entries.items()
                if customer_id is None or self._audience.addressed(customer_id, whole)
            },
        }

    async def _send_people(
        self, keys: Touched, found: Found, moved: Moved, whole: set[str]
    ) -> None:
        audience = self._audience
        agents = keys.agents | moved.agents
        cards = keys.cards | {
            customer_id
            for customer_id, known in moved.knowing
            if audience.of_customer(customer_id) - known
        }
        # Mostly all of it is there already: another trip is for what has been learnt by the first.
        await found.read(self._people(keys, agents, cards, whole))
        for agent_id in sorted(agents):
            self._route_agent(keys, agent_id, found.row("agents", agent_id))
        for customer_id, card in found.rows("cards"):
            self._stage(
                audience.of_customer(customer_id),
                f"card:{customer_id}",
                card_frame(customer_id, card),
            )
        for row in sorted((row for _, row in found.rows("entries")), key=by_seq):
            self._route_entry(row)

    def _route_agent(self, keys: Touched, agent_id: str, row: Json | None) -> None:
        key = f"agent:{agent_id}"
        if row is None:
            if agent_id in keys.users:
                self._stage(set(self._audience.viewers), key, removed_frame("agent", agent_id))
            return
        seeing = self._audience.of_agent_row(agent_id)
        self._stage(seeing, key, frame("agent.changed", row))
        if agent_id in keys.users:
            others = self._audience.viewers - seeing
            self._stage(others, key, frame("agent.changed", agent_name(row)))

    def _route_entry(self, row: Json) -> None:
        customer_id = row["customer_id"]
        viewers = self._audience.of_customer(customer_id)
        if viewers:
            tail = entry_frame(self._audience.shown_with(customer_id), encode(row))
            self._stage(viewers, f"entry:{row['id']}", tail)

    def _turn_viewers(self, keys: Touched) -> None:
        """Whose rights changed, or who shows a timeline that became another one."""
        audience = self._audience
        turned = audience.of_agents(keys.users).union(*map(audience.of_customer, keys.retold))
        for viewer in audience.viewers if keys.everyone else turned:
            audience.turn(viewer)


def _offer_row(mark: OfferMark) -> Json:
    """An offer's own fields from its event, for those who see it without card and timeline."""
    assert mark.made is not None
    assert isinstance(mark.made.fact, OfferMade)
    fact = mark.made.fact
    return {
        "id": fact.offer_id,
        "interaction_id": fact.interaction_id,
        "agent_id": fact.agent_id,
        "queue_id": fact.queue_id,
        "state": "pending",
        "made_at": mark.made.at,
        "expires_at": fact.expires_at,
    }
