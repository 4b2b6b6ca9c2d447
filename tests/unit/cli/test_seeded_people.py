"""What a seed file says about people, when they have made up their minds since."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from tests.unit.router.world import world_in
from triggerhub.administration import UserSpec, put_user
from triggerhub.domain import events as ev

ANN = UserSpec(login="ann", name="Ann", role="agent", language="en", password_hash="$argon2id$1")


async def test_the_language_that_a_person_chose_stays(tmp_path: Path) -> None:
    async with world_in(tmp_path / "world", furnished=False) as world:

        async def seed(spec: UserSpec) -> str:
            return await world.store.write(lambda tx: put_user(tx, spec, managed_by="file"))

        user_id = await seed(ANN)
        await world.views.set_language(user_id, "zh-CN")
        head = await world.views.head()
        assert await seed(ANN) == user_id
        assert await world.views.head() == head, "a restart with the same file says nothing"
        await seed(replace(ANN, name="Ann Example"))
        [row] = await world.store.read(lambda r: r.users([user_id]))
        assert (row.name, row.language) == ("Ann Example", "zh-CN")


async def test_a_new_password_ends_the_sessions_of_the_old_one(tmp_path: Path) -> None:
    async with world_in(tmp_path / "world", furnished=False) as world:

        async def seed(spec: UserSpec) -> str:
            return await world.store.write(lambda tx: put_user(tx, spec, managed_by="file"))

        ann = await seed(ANN)
        bob = await seed(replace(ANN, login="bob"))
        now = world.clock.now()
        for session, user_id in (("s1", ann), ("s2", ann), ("s3", bob)):
            await world.views.put_session(session, user_id, "csrf", now + timedelta(hours=1))
        await seed(ANN)
        assert await world.views.session("s1", now) is not None, "nothing has changed"
        await seed(replace(ANN, password_hash="$argon2id$2"))
        assert await world.views.session("s1", now) is None
        assert await world.views.session("s2", now) is None
        assert await world.views.session("s3", now) is not None
        assert len(await world.log(ev.UserPasswordSet)) == 3
        await world.views.put_session("s4", ann, "csrf", now + timedelta(hours=1))
        assert await world.views.session("s4", now) is not None
