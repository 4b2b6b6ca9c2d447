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
    tx.connection.put(
        "offers",
        f.offer_id,
        {
            "id": f.offer_id,
            "interaction_id": f.interaction_id,
            "queue_id": f.queue_id,
            "agent_id": f.agent_id,
            "state": "pending",
            "made_at": ms(r.at),
            "expires_at": ms(f.expires_at),
            "why": text({"candidates": f.candidates, "refused": f.refused}),
        },
    )
    tx.connection.change("interactions", f.interaction_id, state="offered")


def _end(tx: Transaction, r: ev.Recorded, offer_id: str, state: str) -> None:
    tx.connection.change("offers", offer_id, state=state, ended_at=ms(r.at))


def _accepted(tx: Transaction, r: ev.Recorded, f: ev.OfferAccepted) -> None:
    # A piece of work is answered once in a queue, however often it goes back and is taken again.
    again = tx.connection.row("interactions", f.interaction_id, "activated_at") != (None,)
    before = again and tx.connection.one(
        "SELECT 1 FROM offers WHERE interaction_id = :interaction AND queue_id = :queue"
        " AND state = 'accepted'",
        {"interaction": f.interaction_id, "queue": f.queue_id},
    )
    _end(tx, r, f.offer_id, "accepted")
    at = ms(r.at)
    assert at is not None
    if not before:
        count_interval(tx, f.queue_id, at, "answered")


def _declined(tx: Transaction, r: ev.Recorded, f: ev.OfferDeclined) -> None:
    _end(tx, r, f.offer_id, "declined")


def _timed_out(tx: Transaction, r: ev.Recorded, f: ev.OfferTimedOut) -> None:
    _end(tx, r, f.offer_id, "timed_out")
    tx.connection.change("agents", f.agent_id, not_responding=1)
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
