"""Folds of offers: held out, answered, taken back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from storage.projections.agent_status import refresh
from storage.projections.interactions import count_interval
from storage.projections.rows import ms, text
from triggerhub.domain import events as ev

if TYPE_CHECKING:
    from storage.transaction import Transaction


def _made(tx: Transaction, r: ev.Recorded, f: ev.OfferMade) -> None:
    tx.connection.run(
        "INSERT INTO offers (id, interaction_id, queue_id, agent_id, state, made_at, expires_at,"
        " why) VALUES (:id, :interaction, :queue, :agent, 'pending', :at, :expires, :why)",
        {
            "id": f.offer_id,
            "interaction": f.interaction_id,
            "queue": f.queue_id,
            "agent": f.agent_id,
            "at": ms(r.at),
            "expires": ms(f.expires_at),
            "why": text({"candidates": f.candidates, "refused": f.refused}),
        },
    )
    tx.connection.run(
        "UPDATE interactions SET state = 'offered' WHERE id = :id", {"id": f.interaction_id}
    )


def _end(tx: Transaction, r: ev.Recorded, offer_id: str, state: str) -> None:
    tx.connection.run(
        "UPDATE offers SET state = :state, ended_at = :at WHERE id = :id",
        {"id": offer_id, "state": state, "at": ms(r.at)},
    )


def _accepted(tx: Transaction, r: ev.Recorded, f: ev.OfferAccepted) -> None:
    # A piece of work is answered once in a queue, however often it goes back and is taken again.
    before = tx.connection.one(
        "SELECT 1 FROM offers WHERE interaction_id = :interaction AND queue_id = :queue"
        " AND state = 'accepted'",
        {"interaction": f.interaction_id, "queue": f.queue_id},
    )
    _end(tx, r, f.offer_id, "accepted")
    at = ms(r.at)
    assert at is not None
    if before is None:
        count_interval(tx, f.queue_id, at, "answered")


def _declined(tx: Transaction, r: ev.Recorded, f: ev.OfferDeclined) -> None:
    _end(tx, r, f.offer_id, "declined")


def _timed_out(tx: Transaction, r: ev.Recorded, f: ev.OfferTimedOut) -> None:
    _end(tx, r, f.offer_id, "timed_out")
    tx.connection.run("UPDATE agents SET not_responding = 1 WHERE id = :id", {"id": f.agent_id})
    refresh(tx, f.agent_id, r.at)


def _cancelled(tx: Transaction, r: ev.Recorded, f: ev.OfferCancelled) -> None:
    _end(tx, r, f.offer_id, "cancelled")


def _rescinded(tx: Transaction, r: ev.Recorded, f: ev.OfferRescinded) -> None:
    _end(tx, r, f.offer_id, "rescinded")


HANDLERS = {
    ev.OfferMade: _made,
    ev.OfferAccepted: _accepted,
    ev.OfferDeclined: _declined,
    ev.OfferTimedOut: _timed_out,
    ev.OfferCancelled: _cancelled,
    ev.OfferRescinded: _rescinded,
}
