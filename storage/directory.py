"""The channel accounts in force, kept in memory and refreshed when the log says they changed."""

from __future__ import annotations

from collections.abc import Sequence

from storage.reading import Reader, ReadStore
from triggerhub.domain.events import AccountConfigured, AccountRemoved, QueueRemoved
from triggerhub.domain.model.message import Account

_CHANGES = frozenset({AccountConfigured, AccountRemoved, QueueRemoved})


class SqlAccountDirectory:
    """Implements domain.ports.AccountDirectory. `load` first, then `follow` in the background."""

    def __init__(self, store: ReadStore) -> None:
        self._store = store
        self._by_id: dict[str, Account] = {}
        self._by_address: dict[tuple[str, str], Account] = {}

    async def load(self) -> None:
        accounts = await self._store.read(_accounts)
        self._by_id = {account.id: account for account in accounts}
        self._by_address = {
            (account.channel, address): account
            for account in accounts
            for address in account.addresses
        }

    async def follow(self) -> None:
        """Until cancelled."""
        # What changes from here on comes with the subscription, whatever the load has seen of it:
        # this may be the second start of this loop, after events that nobody followed.
        head = await self._store.read(lambda reader: reader.head())
        await self.load()
        async for _ in self._store.subscribe(head, of=_CHANGES):
            await self.load()

    def by_id(self, account_id: str) -> Account | None:
        return self._by_id.get(account_id)

    def by_address(self, channel: str, address: str) -> Account | None:
        return self._by_address.get((channel, address))

    def of_channel(self, channel: str) -> Sequence[Account]:
        return [a for a in self._by_id.values() if a.channel == channel]


def _accounts(reader: Reader) -> list[Account]:
    return reader.accounts(secrets=True)
