"""Which open consoles a frame goes to, found by what it is about and never by asking each one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Set

from agent_console.live.holdings import NOBODY, Holdings
from agent_console.live.scope import is_holder, slim_offer
from agent_console.live.viewer import Viewer
from triggerhub.domain.ports import Json


class Audience:
    """The viewers of this process, by agent, by watched customer, and overseers."""

    def __init__(self) -> None:
        self.viewers: set[Viewer] = set()
        self.joining: set[Viewer] = set()
        self.overseers: set[Viewer] = set()
        self.holdings = Holdings()
        self.doubt: Callable[[Viewer], None] = lambda viewer: None
        """Called with whoever may follow some customer no more (`follows` tells)."""
        self._by_agent: dict[str, set[Viewer]] = {}
        self._all_agents: set[Viewer] = set()
        self._watchers: dict[str, set[Viewer]] = {}

    def add(self, viewer: Viewer) -> None:
        if not self.viewers:
            # Nobody looked, so nothing was noted.
            self.holdings.clear()
        self.viewers.add(viewer)
        if viewer.joining:
            self.joining.add(viewer)
        self._by_agent.setdefault(viewer.actor.id, set()).add(viewer)
        if viewer.scope.oversees:
            self.overseers.add(viewer)
        if viewer.scope.agents:
            self._all_agents.add(viewer)
        for customer_id, likely in viewer.watching.items():
            self._index_watch(viewer, customer_id, likely)

    def remove(self, viewer: Viewer) -> None:
        self.viewers.discard(viewer)
        self.joining.discard(viewer)
        self.overseers.discard(viewer)
        self._all_agents.discard(viewer)
        _discard(self._by_agent, viewer.actor.id, viewer)
        for customer_id, likely in viewer.watching.items():
            _discard(self._watchers, customer_id, viewer)
            if likely is not None:
                _discard(self._watchers, likely, viewer)
        self.doubt(viewer)

    def of_agent(self, agent_id: str) -> Iterable[Viewer]:
        return self._by_agent.get(agent_id, ())

    def of_agents(self, agent_ids: Iterable[str]) -> set[Viewer]:
        found: set[Viewer] = set()
        for agent_id in agent_ids:
            found.update(self.of_agent(agent_id))
        return found

    def of_agent_row(self, agent_id: str) -> set[Viewer]:
        """Those who see the whole row of this agent."""
        return self._all_agents.union(self.of_agent(agent_id))

    def watchers(self, customer_id: str) -> Iterable[Viewer]:
        return self._watchers.get(customer_id, ())

    def limited_watchers(self, customer_id: str) -> list[Viewer]:
        """Those who watch this customer by right of a queue or of work."""
        return [viewer for viewer in self.watchers(customer_id) if not viewer.scope.oversees]

    def of_customer(self, customer_id: str) -> set[Viewer]:
        found = self.of_agents(self.holdings.agents_of(customer_id))
        found.update(self.watchers(customer_id))
        return found

    def follows(self, viewer: Viewer, customer_id: str) -> bool:
        """Whether it is told this customer's news now; not while it joins."""
        if viewer not in self.viewers or viewer.joining:
            return False
        holders = self.holdings.agents_of(customer_id)
        return viewer.actor.id in holders or viewer in self.watchers(customer_id)

    def addressed(self, customer_id: str, without: Set[str] = NOBODY) -> bool:
        """Whether anybody is to see this customer's news; `without` what is held of this work."""
        if self.watchers(customer_id):
            return True
        work = self.holdings.interactions_of(customer_id) - without
        return any(map(self.of_agent, NOBODY.union(*map(self.holdings.agents, work))))

    def sees(self, interaction_id: str, customer_id: str) -> bool:
        """Whether any console shows this work, or something of whose it is.

        What those hold who are joining isn't known yet, and their snapshot may be older.
        """
        if self.overseers or self.joining or self.addressed(customer_id):
            return True
        holdings = self.holdings
        return bool(holdings.agents(interaction_id)) or holdings.offer(interaction_id) is not None

    def shown_with(self, customer_id: str) -> list[str]:
        """The customers in whose scroll this one's entries stand, itself first."""
        others = self.holdings.shown_with(customer_id)
        for viewer in self.watchers(customer_id):
            others.update(
                watched for watched, likely in viewer.watching.items() if likely == customer_id
            )
        others.discard(customer_id)
        return [customer_id, *sorted(others)]

    def watch(self, viewer: Viewer, customer_id: str, likely: str | None) -> None:
        self._drop_watch(viewer, customer_id)
        viewer.watching[customer_id] = likely
        self._index_watch(viewer, customer_id, likely)

    def unwatch(self, viewer: Viewer, customer_id: str) -> None:
        self._drop_watch(viewer, customer_id)
        self.doubt(viewer)

    def _drop_watch(self, viewer: Viewer, customer_id: str) -> None:
        if customer_id not in viewer.watching:
            return
        likely = viewer.watching.pop(customer_id)
        still = set(viewer.watching) | {other for other in viewer.watching.values() if other}
        for gone in {customer_id, likely} - still:
            if gone is not None:
                _discard(self._watchers, gone, viewer)

    def turn(self, viewer: Viewer) -> None:
        """Nothing more before a new snapshot: cut off in between, it comes back with a number from
        before, and the gap tells that a snapshot is due."""
        viewer.joining = True
        self.joining.add(viewer)
        viewer.refresh.set()
        self.doubt(viewer)

    def seed(self, viewer: Viewer, seq: int, snapshot: Json) -> None:
        """Learn from a viewer's snapshot as of `seq` what it holds and is offered.

        What an event after `seq` has touched meanwhile is known better already.
        """
        offered: dict[str, str] = {}
        for offer_id, row in snapshot["offers"].items():
            interaction_id = row["interaction_id"]
            offered[interaction_id] = row["agent_id"]
            if (
                viewer.touched_after.get(interaction_id, 0) <= seq
                and self.holdings.offer(interaction_id) is None
            ):
                slim = slim_offer(row)
                slim.pop("interaction")
                self.holdings.put_offer(interaction_id, offer_id, row["agent_id"], slim)
        for interaction_id, row in snapshot["interactions"].items():
            holds = is_holder(row, viewer.actor.id, offered.get(interaction_id))
            if holds and viewer.touched_after.get(interaction_id, 0) <= seq:
                self.holdings.seed(interaction_id, row, viewer.actor.id)

    def _index_watch(self, viewer: Viewer, customer_id: str, likely: str | None) -> None:
        self._watchers.setdefault(customer_id, set()).add(viewer)
        if likely is not None:
            self._watchers.setdefault(likely, set()).add(viewer)


def _discard(index: dict[str, set[Viewer]], key: str, viewer: Viewer) -> None:
    found = index.get(key)
    if found is not None:
        found.discard(viewer)
        if not found:
            del index[key]
