"""What consoles have kept beside the log: sign-in sessions, uploads, a person's language."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from storage.store import Store
from storage.transaction import Transaction, millis
from storage.views.sql import SqlReads
from triggerhub.domain import events as ev
from triggerhub.domain.errors import NotFound

Json = dict[str, Any]


class SqlViews(SqlReads):
    """Implements domain.ports.Views and Credentials on a store."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self._writing = store

    async def put_upload(self, filename: str, media_type: str, data: bytes, by: str) -> Json:
        async with self._writing.prepared(
            lambda shelf: shelf.put(
                "upload",
                data,
                media_type=media_type,
                name=filename,
                owner=by,
                content_id=self._writing.kit.ids.new("up"),
            )
        ) as upload:
            content_id = await self._writing.write(lambda tx: tx.place(upload))
        return {
            "id": content_id,
            "filename": filename,
            "content_type": media_type,
            "size": len(data),
        }

    async def put_session(
        self, session_hash: str, user_id: str, csrf: str, expires_at: datetime
    ) -> None:
        def work(tx: Transaction) -> None:
            tx.connection.run("DELETE FROM sessions WHERE expires_at < :now",
                              {"now": millis(tx.now)})  # fmt: skip
            tx.connection.run(
                "INSERT INTO sessions (hash, user_id, password, csrf, expires_at)"
                " SELECT :hash, id, COALESCE(hash_content, ''), :csrf, :expires FROM users"
                " WHERE id = :user",
                {"hash": session_hash, "user": user_id, "csrf": csrf,
                 "expires": millis(expires_at)},
            )  # fmt: skip

        await self._writing.write(work)

    async def extend_session(self, session_hash: str, expires_at: datetime) -> None:
        await self._writing.write(
            lambda tx: tx.connection.run(
                "UPDATE sessions SET expires_at = :expires WHERE hash = :hash",
                {"hash": session_hash, "expires": millis(expires_at)},
            )
        )

    async def drop_session(self, session_hash: str) -> None:
        await self._writing.write(
            lambda tx: tx.connection.run(
                "DELETE FROM sessions WHERE hash = :hash", {"hash": session_hash}
            )
        )

    async def set_language(self, user_id: str, language: str) -> None:
        def work(tx: Transaction) -> None:
            found = tx.users([user_id])
            if not found:
                raise NotFound(f"there is no user {user_id}")
            user = found[0]
            if user.language == language:
                return
            tx.append(
                ev.UserConfigured(
                    user_id=user.id,
                    login=user.login,
                    name=user.name,
                    role=user.role,
                    language=language,
                    queue_ids=user.queue_ids,
                    managed_by=user.managed_by,
                    disabled=user.disabled,
                    capacity=dict(user.capacity),
                ),
                actor=user_id,
            )

        await self._writing.write(work)
