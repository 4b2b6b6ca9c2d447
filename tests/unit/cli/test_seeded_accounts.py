"""Accounts of a seed file are known again, whatever was renamed or moved, or it is said why not."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.router.world import World, world_in
from triggerhub.accounts import AccountSpec, known_again, list_accounts, put_accounts
from triggerhub.domain import events as ev
from triggerhub.domain.errors import Conflict
from triggerhub.domain.model.message import Account

NAMES = ("Sales", "Help", "Info", "Old")
ADDRESSES = ("a", "b", "c", "d", "e")


def spec(name: str, *addresses: str, channel: str = "email") -> AccountSpec:
    return AccountSpec(channel=channel, name=name, addresses=addresses)


def account(name: str, *addresses: str, channel: str = "email") -> Account:
    return Account(id=f"ac_{name}_{channel}", channel=channel, name=name, addresses=addresses)


@st.composite
def files(draw: st.DrawFn) -> list[tuple[str, tuple[str, ...]]]:
    """What a file that passed its own check declares: each name and each address once."""
    names = draw(st.lists(st.sampled_from(NAMES), unique=True))
    addresses = draw(st.permutations(ADDRESSES))
    owners = draw(st.lists(st.sampled_from(names), max_size=5)) if names else []
    shared = [
        (name, tuple(a for a, owner in zip(addresses, owners, strict=False) if owner == name))
        for name in names
    ]
    return [(name, theirs) for name, theirs in shared if theirs]


@given(before=files(), after=files())
def test_each_is_known_once_by_name_or_by_address(
    before: list[tuple[str, tuple[str, ...]]], after: list[tuple[str, tuple[str, ...]]]
) -> None:
    accounts = [account(name, *addresses) for name, addresses in before]
    specs = [spec(name, *addresses) for name, addresses in after]
    found = known_again(accounts, specs)
    assert len({known.id for known in found.values()}) == len(found)
    names = {known.name: known for known in accounts}
    declared = {wanted.name for wanted in specs}
    for place, wanted in enumerate(specs):
        if wanted.name in names:
            assert found[place] is names[wanted.name]
        elif place in found:
            assert found[place].name not in declared
            assert set(found[place].addresses) & set(wanted.addresses)
    ids = {specs[place].name: known.id for place, known in found.items()}
    for order in list(permutations(specs))[:6]:
        again = known_again(accounts[::-1], order)
        assert {order[place].name: known.id for place, known in again.items()} == ids


def test_other_channels_and_names_of_the_file_are_left_alone() -> None:
    accounts = [account("Main", "+1"), account("Main", "+1", channel="sms"), account("Help", "b")]
    wanted = [spec("Number", "+1", channel="sms"), spec("Help", "c"), spec("New", "b")]
    found = known_again(accounts, wanted)
    assert {place: known.id for place, known in found.items()} == {
        0: "ac_Main_sms",
        1: "ac_Help_email",
    }


async def put(world: World, *specs: AccountSpec) -> list[str]:
    return await world.store.write(lambda tx: put_accounts(tx, specs, managed_by="file"))


async def shown(world: World) -> dict[str, list[str]]:
    rows = await world.store.read(list_accounts)
    return {row["name"]: row["addresses"] for row in rows}


async def test_renames_and_moves_are_one_start(tmp_path: Path) -> None:
    async with world_in(tmp_path / "world", furnished=False) as world:
        sales, support = await put(world, spec("Sales", "a", "b"), spec("Help", "c"))
        head = await world.views.head()
        assert await put(world, spec("Help", "c"), spec("Sales", "a", "b")) == [support, sales]
        assert await world.views.head() == head, "nothing has changed"
        # An address moves to an account that is declared before the one that had it.
        assert await put(world, spec("Help", "c", "b"), spec("Sales", "a")) == [support, sales]
        assert await put(world, spec("Sales", "c"), spec("Help", "a", "b")) == [sales, support]
        # One is renamed, and a new one takes an address of it.
        renamed = await put(world, spec("New", "b"), spec("Contact", "a"), spec("Sales", "c"))
        assert renamed[1:] == [support, sales]
        assert await shown(world) == {"New": ["b"], "Contact": ["a"], "Sales": ["c"]}
        assert len(await world.log(ev.AccountRemoved)) == 0


async def test_what_collides_in_the_end_is_said_with_both_names(tmp_path: Path) -> None:
    async with world_in(tmp_path / "world", furnished=False) as world:
        await put(world, spec("Sales", "a"), spec("Help", "b"))
        head = await world.views.head()
        with pytest.raises(Conflict, match=r"b is declared for 'Sales'.* account 'Help'"):
            await put(world, spec("Sales", "b"), spec("New", "a"))
        with pytest.raises(Conflict, match="a is declared for both 'Sales' and 'New'"):
            await put(world, spec("Sales", "a"), spec("New", "a"))
        assert await world.views.head() == head
        # The same address is another one on another channel.
        await put(world, spec("Number", "a", channel="sms"))
