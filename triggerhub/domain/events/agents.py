"""Facts about agents: presence and connection."""

from __future__ import annotations

from datetime import datetime

from triggerhub.domain.events.registry import Fact, fact


@fact("presence.changed")
class PresenceChanged(Fact):
    """`by`: the agent, a supervisor (`user:…`), or the system (`grace`)."""

    agent_id: str
    presence: str
    next_presence: str | None


@fact("agent.cleared")
class AgentCleared(Fact):
    """`not_responding` was cleared by the agent."""

    agent_id: str


@fact("agent.connected")
class AgentConnected(Fact):
    agent_id: str


@fact("agent.disconnected")
class AgentDisconnected(Fact):
    """The last console of this agent is gone; the grace runs until `grace_until_at`."""

    agent_id: str
    grace_until_at: datetime
