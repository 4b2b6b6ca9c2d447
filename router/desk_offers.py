"""Offers: to accept one, to decline it, to take what waits without one, to give them back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from router import grant
from router.desk_steps import append_checked, leg_for, machine_of, requeued
from triggerhub.domain import commands as cmd
from triggerhub.domain import events as ev
from triggerhub.domain.errors import NotFound
from triggerhub.domain.events import Fact
from triggerhub.domain.model.offer import Offer
from triggerhub.domain.permissions import Actor, Subject, may
from triggerhub.domain.rows import OfferRow
from triggerhub.domain.work import Work

if TYPE_CHECKING:
    from router.desk import Options

Json = dict[str, Any]


def _own_offer(work: Work, actor: Actor, offer_id: str) -> OfferRow:
    offer = work.offer(offer_id)
    if offer is None or not may(actor, "offer.answer", Subject(owner_id=offer.agent_id)):
        raise NotFound(f"there is no offer {offer_id}")
    return offer


def _check_pending(offer: OfferRow, fact: Fact, work: Work) -> None:
    Offer(
        id=offer.id,
        interaction_id=offer.interaction_id,
        agent_id=offer.agent_id,
        state=offer.state,  # type: ignore[arg-type]  # the column holds nothing else
        expires_at=offer.expires_at,
    ).apply(fact, work.now)


def accept_offer(work: Work, actor: Actor, command: cmd.AcceptOffer, options: Options) -> Json:
    offer = _own_offer(work, actor, command.offer_id)
    fact = ev.OfferAccepted(
        offer_id=offer.id,
        interaction_id=offer.interaction_id,
        agent_id=offer.agent_id,
        queue_id=offer.queue_id,
    )
    _check_pending(offer, fact, work)
    row = work.interaction(offer.interaction_id)
    assert row is not None
    append_checked(work, actor, machine_of(row, offer), [fact, leg_for(work, row, offer.agent_id)])
    return {"interaction_id": row.id}


def decline_offer(work: Work, actor: Actor, command: cmd.DeclineOffer, options: Options) -> Json:
    offer = _own_offer(work, actor, command.offer_id)
    fact = ev.OfferDeclined(
        offer_id=offer.id, interaction_id=offer.interaction_id, agent_id=offer.agent_id
    )
    _check_pending(offer, fact, work)
    row = work.interaction(offer.interaction_id)
    assert row is not None
    append_checked(work, actor, machine_of(row, offer), [fact, requeued(work, row, "declined")])
    return {}


def take_next(work: Work, actor: Actor, command: cmd.TakeNext, options: Options) -> Json:
    """The longest waiting of the actor's queues, at once, whatever the capacity says."""
    grant.require(actor, "work.take", Subject(owner_id=actor.id))
    grant.person(work, actor)
    waiting = [
        row
        for row in work.open_interactions()
        if row.state == "queued" and row.queue_id in actor.queue_ids and row.enqueued_at
    ]
    if not waiting:
        return {"interaction_id": None}
    row = min(
        waiting,
        key=lambda r: (r.enqueued_at.timestamp() - r.priority * 60 if r.enqueued_at else 0, r.id),
    )
    offer_id = work.new_id("of")
    assert row.queue_id is not None
    append_checked(
        work,
        actor,
        machine_of(row),
        [
            ev.OfferMade(
                offer_id=offer_id,
                interaction_id=row.id,
                queue_id=row.queue_id,
                agent_id=actor.id,
                expires_at=work.now,
                candidates=(actor.id,),
                refused={},
                log_position=work.head,
                configuration=0,
                auto_accept=True,
            ),
            ev.OfferAccepted(
                offer_id=offer_id, interaction_id=row.id, agent_id=actor.id, queue_id=row.queue_id
            ),
            leg_for(work, row, actor.id),
        ],
    )
    return {"interaction_id": row.id}


def take_back_offers(work: Work, actor: Actor, agent_id: str) -> None:
    """Whoever goes away keeps no customer waiting, and has missed nothing."""
    for offer in work.pending_offers():
        if offer.agent_id != agent_id:
            continue
        row = work.interaction(offer.interaction_id)
        assert row is not None
        fact = ev.OfferRescinded(
            offer_id=offer.id, interaction_id=row.id, agent_id=agent_id, reason="presence"
        )
        machine = machine_of(row, offer)
        append_checked(work, actor, machine, [fact, requeued(work, row, "rescinded")])
