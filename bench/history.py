"""One customer's life, lived through the hub's own steps, as the pattern for a hundred thousand.

The customer's number stands in every id, address and provider id as the mark `7777777`, and every
episode has a minute of its own, so that the loader can tell what differs between two customers.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from bench import company
from bench.company import MARK
from storage.engine import Database
from triggerhub.bootstrap.hub import Hub, build
from triggerhub.bootstrap.parts import Parts
from triggerhub.database import migrate
from triggerhub.domain import commands as cmd
from triggerhub.domain import events as ev
from triggerhub.domain.clock import ManualClock, RandomIds
from triggerhub.domain.model.message import Arrival
from triggerhub.domain.permissions import Actor
from triggerhub.domain.work import Work

BEGIN = datetime(2001, 1, 1, tzinfo=UTC)
EPISODES = 2
MESSAGES = 10  # of one customer, in both episodes together
_ACTS = (
    ("in", "Hello, my parcel 4711 has not arrived yet, can you see where it is?"),
    ("in", "你好，我的包裹还没有到。"),
    ("out", "Thank you for writing. It is on its way and will be with you tomorrow before noon."),
    ("in", "Good, thank you! Will I get a message before it comes?"),
    ("in", "And please leave it with the neighbours if I am out."),
)


def episode_begin(episode: int) -> datetime:
    return BEGIN + timedelta(days=episode)


@dataclass(slots=True, kw_only=True)
class History:
    """Rows by table, as they were before the customer came and after all episodes."""

    before: int
    """The head of the log when the customer first wrote."""
    ends: list[int]
    """The head after each episode."""
    columns: dict[str, list[str]]
    rows: dict[str, list[tuple[Any, ...]]]


class MarkedIds:
    """Random ids until `marking`; then counted ones that end in the mark and hold no other 7."""

    def __init__(self, clock: ManualClock) -> None:
        self._random = RandomIds(clock)
        self._count = 0
        self.marking = False

    def new(self, prefix: str) -> str:
        if not self.marking:
            return self._random.new(prefix)
        self._count += 1
        return f"{prefix}_{format(self._count, '015o').replace('7', '9')}{MARK}"


async def live(folder: Path, agents: int) -> History:
    """Make an empty hub in `folder`, found the company, live one life, and read its rows.

    The database that is left in `folder` holds the company and that life; what the life added is
    taken out again by the loader.
    """
    settings = company.settings(folder)
    clock = ManualClock(BEGIN - timedelta(days=1))
    ids = MarkedIds(clock)
    migrate(settings, clock)
    hub = await build(settings, Parts(clock=clock, ids=ids))
    try:
        await company.found(hub.core.store, agents)
        await hub.core.directory.load()
        historian = await _prepare(hub)
        before = await hub.core.views.head()
        known = _dump(hub.core.store.database)[1]
        ids.marking = True
        ends = []
        for episode in range(EPISODES):
            clock.set(episode_begin(episode))
            await _episode(hub, clock, historian, episode)
            ends.append(await hub.core.views.head())
        columns, after = _dump(hub.core.store.database)
    finally:
        await hub.core.close()
    fresh = {
        table: [row for row in rows if row not in known[table]] for table, rows in after.items()
    }
    return History(before=before, ends=ends, columns=columns, rows=fresh)


async def _prepare(hub: Hub) -> Actor:
    found = await hub.core.views.user_by_login(company.HISTORIAN)
    assert found is not None
    historian = found[0]
    await hub.core.presences.connected(historian.id)
    await hub.core.desk.execute(historian, cmd.SetPresence(presence="available"))
    await _settle(hub)
    return historian


async def _settle(hub: Hub) -> None:
    while hub.core.leader.position < await hub.core.views.head():
        await hub.core.leader.step()


async def _episode(hub: Hub, clock: ManualClock, historian: Actor, episode: int) -> None:
    account = hub.core.directory.by_address("sms", company.SUPPORT_NUMBER)
    assert account is not None
    interaction: Mapping[str, Any] = {}
    for number, (direction, words) in enumerate(_ACTS):
        clock.advance(timedelta(seconds=2))
        if direction == "in":
            sid = f"SM{episode:05d}{number:020d}{MARK}"
            await hub.core.store.accept(
                Arrival(
                    channel="sms",
                    account_id=account.id,
                    external_id=sid,
                    raw=form(sid, company.PHONE + MARK, company.SUPPORT_NUMBER, words),
                    media_type="application/x-www-form-urlencoded",
                    envelope={"peer": "127.0.0.1"},
                )
            )
            await _settle(hub)
        else:
            await _answer(hub, historian, interaction, account.id, words)
        if not interaction:
            interaction = await _take(hub, historian)
            if episode == 0:
                await hub.core.desk.execute(
                    historian,
                    cmd.UpdateCustomer(
                        customer_id=interaction["customer_id"],
                        name=f"Avery {MARK}",
                        company="Example Trading",
                        tags=("regular",),
                    ),
                )
    await hub.core.desk.execute(
        historian, cmd.CloseInteraction(interaction_id=interaction["id"], code="answered")
    )
    await _settle(hub)


async def _take(hub: Hub, historian: Actor) -> Mapping[str, Any]:
    _seq, snapshot = await hub.core.views.snapshot(historian)
    (offer,) = snapshot["offers"].values()
    await hub.core.desk.execute(historian, cmd.AcceptOffer(offer_id=offer["id"]))
    await _settle(hub)
    taken: Mapping[str, Any] = offer["interaction"]
    return taken


async def _answer(
    hub: Hub, historian: Actor, interaction: Mapping[str, Any], account_id: str, words: str
) -> None:
    result = await hub.core.desk.execute(
        historian,
        cmd.SendMessage(
            interaction_id=interaction["id"],
            channel="sms",
            account_id=account_id,
            identity_id=interaction["identity_id"],
            text=words,
        ),
    )
    message_id = result["message_id"]

    def sent(work: Work) -> None:
        reference = work.put_json("reference", {"reference": work.new_id("SM")})
        work.append(ev.MessageSending(message_id=message_id, attempt=1), actor="system:outbox")
        work.append(
            ev.MessageSent(message_id=message_id, reference_content=reference),
            actor="system:outbox",
        )

    await hub.core.store.run(sent)
    await _settle(hub)


def form(sid: str, sender: str, recipient: str, words: str) -> bytes:
    """A webhook's body with the parameters that Twilio sends."""
    return urlencode(
        {
            "ToCountry": "US",
            "SmsMessageSid": sid,
            "NumMedia": "0",
            "SmsSid": sid,
            "SmsStatus": "received",
            "Body": words,
            "To": recipient,
            "NumSegments": "1",
            "MessageSid": sid,
            "AccountSid": company.ACCOUNT_SID,
            "From": sender,
            "ApiVersion": "2010-04-01",
        }
    ).encode()


def _dump(database: Database) -> tuple[dict[str, list[str]], dict[str, list[tuple[Any, ...]]]]:
    """(columns, rows) by table."""
    columns: dict[str, list[str]] = {}
    rows: dict[str, list[tuple[Any, ...]]] = {}
    with closing(database.connect().raw) as raw:
        tables = raw.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'"
        ).fetchall()
        for (table,) in tables:
            cursor = raw.execute(f"SELECT * FROM {table}")
            columns[table] = [column[0] for column in cursor.description]
            rows[table] = cursor.fetchall()
    return columns, rows
