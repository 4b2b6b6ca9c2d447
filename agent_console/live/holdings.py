"""Who holds or is offered which interaction, of which customer: the feed's index of addressees.

It knows what the viewers' snapshots told and what events have changed since; of agents who have
no console open it need not know everything.
"""

from __future__ import annotations

from dataclasses import dataclass

from triggerhub.domain.ports import Json

NOBODY: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """A pending offer; `row` as those see it who oversee, without its interaction."""

    offer_id: str
    agent_id: str
    row: Json


class Holdings:
    def __init__(self) -> None:
        self._agents: dict[str, frozenset[str]] = {}
        self._customers: dict[str, tuple[str, ...]] = {}
        self._of_customer: dict[str, set[str]] = {}
        self._offers: dict[str, Offered] = {}

    def clear(self) -> None:
        for kept in (self._agents, self._customers, self._of_customer, self._offers):
            kept.clear()

    def agents(self, interaction_id: str) -> frozenset[str]:
        return self._agents.get(interaction_id, NOBODY)

    def offer(self, interaction_id: str) -> Offered | None:
        return self._offers.get(interaction_id)

    def put_offer(self, interaction_id: str, offer_id: str, agent_id: str, row: Json) -> None:
        self._offers[interaction_id] = Offered(offer_id=offer_id, agent_id=agent_id, row=row)

    def drop_offer(self, interaction_id: str, offer_id: str) -> None:
        found = self._offers.get(interaction_id)
        if found is not None and found.offer_id == offer_id:
            del self._offers[interaction_id]

    def put(self, interaction_id: str, row: Json | None) -> frozenset[str]:
        """Note an interaction's row as it is now (None: gone); returns who holds it now."""
        now = NOBODY
        if row is not None and row["state"] != "closed":
            offered = self._offers.get(interaction_id)
            now = frozenset(
                filter(None, (row["owner_id"], offered.agent_id if offered is not None else None))
            )
        else:
            self._offers.pop(interaction_id, None)
        self._note(interaction_id, now, row)
        return now

    def seed(self, interaction_id: str, row: Json, agent_id: str) -> None:
        """Note that a snapshot has shown this row to `agent_id`."""
        self._note(interaction_id, self.agents(interaction_id) | {agent_id}, row)

    def customer(self, interaction_id: str) -> str | None:
        """Whose work it is, if anybody is known to hold it."""
        return next(iter(self._customers.get(interaction_id, ())), None)

    def interactions_of(self, customer_id: str) -> frozenset[str]:
        return frozenset(self._of_customer.get(customer_id, ()))

    def agents_of(self, customer_id: str) -> set[str]:
        """Those who hold or are offered work of this customer, or work that claims to be."""
        found: set[str] = set()
        for interaction_id in self._of_customer.get(customer_id, ()):
            found |= self._agents[interaction_id]
        return found

    def shown_with(self, customer_id: str) -> set[str]:
        """The customers whose scroll shows this customer's entries as well."""
        return {
            self._customers[interaction_id][0]
            for interaction_id in self._of_customer.get(customer_id, ())
        }

    def _note(self, interaction_id: str, agents: frozenset[str], row: Json | None) -> None:
        for customer in self._customers.pop(interaction_id, ()):
            interactions = self._of_customer[customer]
            interactions.discard(interaction_id)
            if not interactions:
                del self._of_customer[customer]
        if not agents or row is None:
            self._agents.pop(interaction_id, None)
            return
        self._agents[interaction_id] = agents
        # Once it is confirmed who wrote, the likely customer may be the same: noted once.
        both = (row["customer_id"], row["likely_customer_id"])
        customers = tuple(dict.fromkeys(filter(None, both)))
        self._customers[interaction_id] = customers
        for customer in customers:
            self._of_customer.setdefault(customer, set()).add(interaction_id)
