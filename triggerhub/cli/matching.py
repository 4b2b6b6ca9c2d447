"""The command that asks whom a sender would be taken for. It writes nothing and decides nothing.

Owns the shape of the answer. Normal forms are the channels' own, the decision is the router's.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from triggerhub.cli.addresses import CHANNELS, read
from triggerhub.cli.terminal import Config, DataDir, quiet_settings, refusals, require_schema

if TYPE_CHECKING:
    from router.resolve.foresee import Foreseen
    from storage.reading import Reader
    from triggerhub.domain.model.message import Account

Json = dict[str, Any]
AT_ONCE = 200  # addresses of one read, so that the first lines of a long list come soon
PROVEN = "signature"  # any proof: what decides asks only whether there is one
NOBODY: Json = {
    "customer_id": None, "name": "", "identity_id": None, "standing": None, "why": None,
    "link_why": None,
}  # fmt: skip


def match(
    addresses: Annotated[
        list[str], typer.Argument(help="Mailboxes and numbers, in any form.", show_default=False)
    ],
    channel: Annotated[
        str | None,
        typer.Option(
            help=f"How they write: {', '.join(CHANNELS)}. Otherwise what has an @ is e-mail, a"
            " number is SMS.",
            show_default=False,
        ),
    ] = None,
    config: Config = None,
    data_dir: DataDir = None,
) -> None:
    """Print whom the hub would take a sender for, and why: one JSON line each, in order.

    Stores nothing; it asks what decides about every message. A number without its country is one
    of the company's default_region. No customer_id: a new customer. "why" is how the address was
    proven, "link_why" how it came to belong to the customer. "accounts" says which conversation
    and work a message to each of our accounts would join (null: new ones; an e-mail joins what it
    answers, which its sender alone doesn't tell). "unproven" is about mail whose sender isn't
    proven: it is kept apart, and "likely_customer_id" is shown beside it.

    What is no address is a line with its problems; the exit code is 0 all the same. Who was erased
    is found by no address: it is a stranger's from then on.

    Examples:

        triggerhub match "+1 202 555 0100" Ann@Shop.Example

        triggerhub match "(202) 555-0100" --channel whatsapp | jq .accounts

        xargs -d "\\n" triggerhub match < numbers.txt | jq -r "select(.customer_id == null).address"
    """
    if channel is not None and channel not in CHANNELS:
        raise typer.BadParameter(f"one of {', '.join(CHANNELS)}", param_hint="--channel")
    settings = quiet_settings(config, data_dir=data_dir)
    from triggerhub.database import open_store
    from triggerhub.domain.clock import SystemClock

    now = SystemClock().now()

    async def run() -> None:
        store = open_store(settings)
        try:
            for first in range(0, len(addresses), AT_ONCE):
                some = addresses[first : first + AT_ONCE]
                lines = await store.read(partial(matched, addresses=some, channel=channel, now=now))
                for line in lines:
                    typer.echo(json.dumps(line, ensure_ascii=False))
        finally:
            await store.stop()

    with refusals():
        require_schema(settings)
        asyncio.run(run())


def matched(
    reader: Reader, addresses: Iterable[str], channel: str | None, now: datetime
) -> list[Json]:
    """A line for each address, in order, all from one state of the database."""
    from router.resolve.foresee import foresee
    from storage.views.people import cards
    from storage.views.rows import hub

    region = hub(reader)["default_region"]
    accounts = {account.id: account for account in reader.accounts()}
    found = []
    for address in addresses:
        written = read(address, channel, region)
        proven: dict[str, Foreseen] = {}
        unproven: Foreseen | None = None
        if written.sender is not None and written.channel is not None:
            ask = partial(
                foresee, reader, accounts, channel=written.channel, sender=written.sender, now=now
            )
            proven = ask(proof=PROVEN)
            if written.channel == "email":  # the others are proven by the carrier's signature
                unproven = next(iter(ask(proof="").values()))
        found.append((written, proven, unproven))
    known = cards(
        reader,
        (
            seen.identity.customer_id
            for _, proven, unproven in found
            for seen in (*proven.values(), unproven)
            if seen is not None and seen.identity is not None and seen.identity.customer_id
        ),
    )
    return [
        {
            "address": written.address,
            "channel": written.channel,
            "normalised": None if written.sender is None else written.sender.address,
            **_person(next(iter(proven.values()), None), known),
            "accounts": [
                _at(accounts[account_id], seen) for account_id, seen in proven.items() if account_id
            ],
            "unproven": unproven
            and {**_person(unproven, known), "likely_customer_id": unproven.likely_customer_id},
            "problems": list(written.problems),
        }
        for written, proven, unproven in found
    ]


def _person(seen: Foreseen | None, known: Mapping[str, Json]) -> Json:
    """Whose it is, in the words of their card; nobody's yet where all is null."""
    identity = seen.identity if seen is not None else None
    if identity is None or identity.customer_id is None:
        return NOBODY
    card = known[identity.customer_id]
    own = next(each for each in card["identities"] if each["id"] == identity.id)
    return {
        "customer_id": identity.customer_id,
        "name": card["customer"]["name"],
        "identity_id": identity.id,
        "standing": own["standing"],
        "why": own["why"],
        "link_why": own["link_why"],
    }


def _at(account: Account, seen: Foreseen) -> Json:
    """Where a message to this account would go."""
    conversation, identity = seen.conversation, seen.identity
    joins = conversation is not None and seen.interaction_id is not None
    return {
        "account_id": account.id,
        "account": account.name,
        "rule": seen.rule,
        "conversation_id": conversation.id if conversation is not None else None,
        "interaction_id": seen.interaction_id,
        "state": conversation.interaction_state if conversation is not None and joins else None,
        "opted_out": identity is not None and account.id in identity.opted_out,
    }
