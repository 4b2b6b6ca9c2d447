"""The API as one table: what is called how, who may, what goes in and what comes out."""

from __future__ import annotations

from agent_console.api import (
    command_calls,
    content_calls,
    event_calls,
    read_calls,
    session_calls,
    subjects,
)
from agent_console.api.route import Route
from agent_console.api.shapes import customer, events, reads, session

ROUTES: tuple[Route, ...] = (
    Route(
        method="GET", path="about", name="about", summary="What this hub is",
        action=None, handler=session_calls.about, answer=session.About, tag="session",
    ),
    Route(
        method="POST", path="session", name="signIn", summary="Sign in",
        action=None, handler=session_calls.sign_in, body=session.SignIn, answer=session.Session,
        tag="session", also=("401", "403", "429", "503"),
    ),
    Route(
        method="GET", path="session", name="readSession", summary="Who is signed in",
        action="session", handler=session_calls.read_session, answer=session.Session,
        of_session=True, tag="session",
    ),
    Route(
        method="PATCH", path="session", name="patchSession", summary="Save the user's language",
        action="session", handler=session_calls.patch_session, body=session.SessionPatch,
        answer=session.Session, of_session=True, tag="session",
    ),
    Route(
        method="DELETE", path="session", name="signOut", summary="Sign out",
        action="session", handler=session_calls.sign_out, of_session=True, tag="session",
    ),
    Route(
        method="GET", path="customers", name="searchCustomers", summary="Search customers",
        action="customers.search", subject=subjects.within_reach, handler=read_calls.customers,
        query=reads.CustomersQuery, answer=reads.Customers,
    ),
    Route(
        method="GET", path="customers/{id}", name="readCard", summary="A customer's card",
        action="customer.read", subject=subjects.the_customer, hidden=True,
        handler=read_calls.card, answer=customer.Card,
    ),
    Route(
        method="GET", path="customers/{id}/timeline", name="readTimeline",
        summary="A page of everything said, on every channel, newest page first",
        action="customer.read", subject=subjects.the_customer, hidden=True,
        handler=read_calls.timeline, query=reads.TimelineQuery, answer=customer.Page,
    ),
    Route(
        method="GET", path="conversations/{id}", name="readConversation", summary="One thread",
        action="customer.read", subject=subjects.the_conversation, hidden=True,
        handler=read_calls.conversation, answer=reads.Conversation,
    ),
    Route(
        method="GET", path="interactions", name="listInteractions",
        summary="The interactions behind a number on the board",
        action="interaction.read", subject=subjects.within_reach,
        handler=read_calls.interactions, query=reads.InteractionsQuery,
        answer=reads.Interactions,
    ),
    Route(
        method="GET", path="attention", name="listAttention",
        summary="What could not be read or sent, or came back",
        action="attention.read", handler=read_calls.attention, query=reads.AttentionQuery,
        answer=reads.AttentionItems,
    ),
    Route(
        method="GET", path="messages/{id}/outcome", name="readOutcome",
        summary="What became of a message that is to be read again, with long-poll",
        action="attention.read", handler=read_calls.outcome, query=reads.OutcomeQuery,
        answer=reads.Outcome,
    ),
    Route(
        method="GET", path="messages/{id}/html", name="readHtml",
        summary="A mail's cleaned HTML, for a sandboxed frame",
        action="content.read", subject=subjects.the_message, hidden=True,
        handler=content_calls.html, query=reads.HtmlQuery, answer="html", tag="content",
    ),
    Route(
        method="GET", path="messages/{id}/raw", name="readRaw",
        summary="A message's bytes as they came",
        action="content.read", subject=subjects.the_message, hidden=True,
        handler=content_calls.raw, answer="bytes", tag="content",
    ),
    Route(
        method="GET", path="attachments/{id}", name="readAttachment",
        summary="An attachment; raster images may be shown in place",
        action="content.read", subject=subjects.the_attachment, hidden=True,
        handler=content_calls.attachment, answer="bytes", tag="content",
    ),
    Route(
        method="POST", path="uploads", name="upload",
        summary="A file to name in message.send",
        action="uploads.add", handler=content_calls.upload, body="file", answer=reads.Upload,
        tag="content",
    ),
    Route(
        method="GET", path="queues", name="listQueues", summary="The queues within reach",
        action="queues.list", handler=read_calls.queues, answer=reads.Queues,
    ),
    Route(
        method="GET", path="agents", name="listAgents",
        summary="All agents; more than the name of oneself, or for supervisors",
        action="agents.names", handler=read_calls.agents, query=reads.AgentsQuery,
        answer=reads.Agents,
    ),
    Route(
        method="GET", path="accounts", name="listAccounts", summary="The channel accounts",
        action="accounts.list", handler=read_calls.accounts, answer=reads.Accounts,
    ),
    Route(
        method="GET", path="metrics", name="listMetrics",
        summary="The board's numbers with their formulas",
        action="metrics.read", handler=read_calls.metrics, answer=reads.Metrics,
    ),
    Route(
        method="GET", path="why-no-work", name="whyNoWork",
        summary="Why no work is offered to me",
        action="agent.read", subject=subjects.mine, handler=read_calls.why_no_work,
        answer=reads.WhyNoWork,
    ),
    Route(
        method="GET", path="events", name="readEvents",
        summary="The log as CloudEvents, by cursor, with long-poll",
        action="events.read", handler=event_calls.events, query=events.EventsQuery,
        answer=events.Events, tag="events", also=("409",),
    ),
    Route(
        method="POST", path="commands/{name}", name="command",
        summary="Carry out a command; Idempotency-Key makes repeating it safe",
        action="session", handler=command_calls.command, body="any", answer="any",
        tag="commands", also=("404", "409"),
    ),
)  # fmt: skip
