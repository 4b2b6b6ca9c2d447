"""Look-ups of what an administrator has set: accounts, queues, users."""

from __future__ import annotations

from collections.abc import Iterable

import orjson

from storage.lookups.base import moment, surely
from storage.lookups.log import LogLookups
from triggerhub.domain.model.message import Account
from triggerhub.domain.rows import QueueRow, UserRow


class SettingsLookups(LogLookups):
    def accounts(self, *, secrets: bool = False) -> list[Account]:
        rows = self.connection.all(
            "SELECT id, channel, name, addresses, queue_id, options, secret_content FROM accounts"
            " WHERE removed = 0 ORDER BY id"
        )
        return [
            Account(
                id=row[0],
                channel=row[1],
                name=row[2],
                addresses=tuple(orjson.loads(row[3])),
                queue_id=row[4],
                options=orjson.loads(row[5]),
                secrets=self.secret(row[6]) if secrets else {},
            )
            for row in rows
        ]

    def secret(self, content_id: str | None) -> dict[str, str]:
        sealed = self.body(content_id)
        return orjson.loads(self._kit.vault.unseal(sealed)) if sealed else {}

    def presences(self) -> tuple[str, ...]:
        """What the company's agents can be beside what every company's can."""
        row = self.connection.one("SELECT presences FROM hub")
        return tuple(orjson.loads(row[0])) if row else ()

    def queues(self) -> list[QueueRow]:
        rows = self.connection.all(
            "SELECT id, name, sla_seconds, offer_seconds, auto_accept, managed_by FROM queues"
            " WHERE removed = 0 ORDER BY id"
        )
        return [
            QueueRow(
                id=row[0],
                name=row[1],
                sla_seconds=row[2],
                offer_seconds=row[3],
                auto_accept=bool(row[4]),
                managed_by=row[5],
            )
            for row in rows
        ]

    def users(self, user_ids: Iterable[str] | None = None) -> list[UserRow]:
        sql = (
            "SELECT u.id, u.login, u.name, u.role, u.language, u.queue_ids, u.capacity,"
            " u.disabled, u.managed_by, a.presence, a.next_presence, a.not_responding,"
            " a.connected, a.grace_until_at, a.status, a.status_at, a.presence_at FROM users u"
            " JOIN agents a ON a.id = u.id"
        )
        if user_ids is None:
            rows = self.connection.all(f"{sql} ORDER BY u.id")
        else:
            rows = self.connection.in_list(f"{sql} WHERE u.id IN (:ids)", user_ids)
        return [
            UserRow(
                id=row[0],
                login=row[1],
                name=row[2],
                role=row[3],
                language=row[4],
                queue_ids=tuple(orjson.loads(row[5])),
                capacity=orjson.loads(row[6]),
                disabled=bool(row[7]),
                managed_by=row[8],
                presence=row[9],
                next_presence=row[10],
                not_responding=bool(row[11]),
                connected=bool(row[12]),
                grace_until=moment(row[13]),
                status=row[14],
                status_at=surely(row[15]),
                presence_at=surely(row[16]),
            )
            for row in rows
        ]

    def user_by_login(self, login: str) -> str | None:
        row = self.connection.one(
            "SELECT id FROM users WHERE login = :login", {"login": login.lower()}
        )
        return row[0] if row else None
