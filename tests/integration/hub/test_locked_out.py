"""Who is locked out beside the running hub is turned out of the console and can't come back."""

from __future__ import annotations

import asyncio
from pathlib import Path

from aiohttp import ClientSession

from config import Settings
from tests.acceptance.hub_process import NUMBER, PASSWORD
from tests.integration.hub.company import Company, accepted
from triggerhub import administration
from triggerhub.cli.terminal import write
from triggerhub.domain.ports import Json

CUSTOMER = "+12025550123"


async def sign_in(house: Company, login: str) -> int:
    async with (
        ClientSession(house.base) as session,
        session.post("/api/v1/session", json={"login": login, "password": PASSWORD}) as answer,
    ):
        return answer.status


async def beside(folder: Path, *, disabled: bool) -> None:
    """As a command does it: another process's hands on the database."""
    await asyncio.to_thread(
        write,
        Settings(data_dir=folder),
        lambda tx: administration.set_disabled(tx, "ann", disabled=disabled),
    )


async def test_their_console_ends_and_their_work_goes_on(house: Company, tmp_path: Path) -> None:
    ann = await house.at_console("ann", available=True)
    sue = await house.at_console("sue")
    assert (await house.carrier.customer_sends(CUSTOMER, NUMBER, "My parcel is lost")).ok
    row = await accepted(ann, "parcel")
    who = ann.me
    await sue.until(lambda state: who in state["agents"], "ann among the agents")

    await beside(tmp_path, disabled=True)

    await ann.until(lambda _state: ann.byes == ["session"], "the end of ann's console")
    async with ann.http.get("/api/v1/session") as answer:
        assert answer.status == 401
    assert await sign_in(house, "ann") == 401
    await sue.until(lambda state: who not in state["agents"], "ann is gone")
    ben = await house.at_console("ben", available=True)
    assert (await accepted(ben, "parcel"))["id"] == row["id"]

    def back(state: Json) -> bool:
        return who in state["agents"]

    await beside(tmp_path, disabled=False)
    await sue.until(back, "ann is back")
    assert await sign_in(house, "ann") == 200
