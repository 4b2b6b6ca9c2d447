"""Whether the master key is there, and is the one that the database was written with.

With another one repeated deliveries would be new, and answers to our addresses nobody's, without a
word of complaint. What tells it is in the log since ever: the hash of a delivery, whose own words
are kept beside it. Changes nothing; the key itself is made by storage.vault.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass

import orjson

from config.settings import Settings
from storage import schema
from storage.engine import Database
from storage.jobs import translated
from storage.reading import Reader
from storage.transaction import Kit
from triggerhub.domain.errors import Invalid, Unavailable

FILE = "master.key"
LOOK_AT = 50  # deliveries, the newest first, until one of them fits

ANOTHER = (
    "the master key isn't the one that this database was written with: secrets can't be read,"
    " repeated deliveries aren't known again, answers don't find their conversation"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """`key`: the hash in the log. `external_id`: what was hashed, or for mail, whose own bytes say
    it, perhaps what was. `path`: where the bytes are, if they are large.
    """

    content_id: str
    channel: str
    key: bytes
    external_id: str | None
    path: str | None


def missing(settings: Settings) -> bool:
    """Whether none is set and none lies in the data folder."""
    configured = settings.master_key is not None and settings.master_key.get_secret_value()
    return not configured and not (settings.data_dir / FILE).is_file()


def mend(settings: Settings) -> str:
    """What to do where it is missing or another one."""
    return (
        f"set the TRIGGERHUB_MASTER_KEY of the other nodes, or put the {FILE} of the backup into"
        f" {settings.data_dir}"
    )


def refuse_missing(settings: Settings, database: Database) -> None:
    """Before one is made: a database with events has its own already.

    Raises Invalid; Unavailable where the database can't be asked.
    """
    if not missing(settings):
        return
    if database.path is not None and not database.path.exists():
        return
    if schema.current(database) is None:
        return
    with closing(database.connect()) as connection:
        if connection.one("SELECT 1 FROM events LIMIT 1") is None:
            return
    raise Invalid(
        "the database has events and its master key is not there; another one would be made:"
        f" {mend(settings)}",
        code="no_key",
    )


def refuse_another(settings: Settings, database: Database, kit: Kit) -> str:
    """Raises Invalid where the key isn't the database's; the name (epoch) of its log, or ""."""
    if database.path is not None and not database.path.exists():
        return ""
    if schema.current(database) is None:
        return ""
    try:
        with closing(database.connect()) as connection:
            connection.begin(write=False)
            reader = Reader(connection, kit)
            fits, epoch = fitting(reader, kit.vault.hash), reader.epoch()
            connection.rollback()
    except Exception as error:
        raise translated(error) from error
    if fits is False:
        raise Invalid(f"{ANOTHER}; {mend(settings)}", code="wrong_key")
    return epoch


def fitting(reader: Reader, hashed: Callable[[str], bytes]) -> bool | None:
    """Whether this key hashed what came in, and sealed the accounts' secrets; None where there is
    nothing to tell it by. `hashed`: by this key.
    """
    try:
        if any(each.secrets for each in reader.accounts(secrets=True)):
            return True
    except Invalid:
        return False
    fits: bool | None = None
    for delivery in deliveries(reader, LOOK_AT):
        words = _words(reader, delivery)
        if any(hashed(word) == delivery.key for word in words):
            return True
        if words:
            fits = False
    return fits


def deliveries(reader: Reader, limit: int) -> list[Delivery]:
    """The newest of them, the newest first; erased ones aren't there."""
    rows = {
        fact.get("raw_content", ""): (bytes(row[0]), fact.get("channel", ""))
        for row in reader.connection.all(
            "SELECT dedupe_key, data FROM events WHERE dedupe_scope IS NOT NULL"
            " ORDER BY seq DESC LIMIT :limit",
            {"limit": limit},
        )
        for fact in [orjson.loads(row[1])]
    }
    kept = {
        row[0]: (orjson.loads(row[1]) if row[1] else {}, row[2])
        for row in reader.connection.in_list(
            "SELECT id, meta, path FROM content WHERE erased_at IS NULL AND id IN (:ids)", rows
        )
    }
    return [
        Delivery(
            content_id=content_id,
            channel=channel,
            key=key,
            external_id=kept[content_id][0].get("external_id"),
            path=kept[content_id][1],
        )
        for content_id, (key, channel) in rows.items()
        if content_id in kept
    ]


def _words(reader: Reader, delivery: Delivery) -> list[str]:
    """What may have been hashed. Of a mail whose file isn't there nothing is known."""
    words = [delivery.external_id] if delivery.external_id else []
    if delivery.channel != "email":
        return words
    from channels.email.receive_key import delivery_key

    try:
        raw = reader.body(delivery.content_id)
    except Unavailable:
        return []
    return words if raw is None else [*words, delivery_key(raw)]
