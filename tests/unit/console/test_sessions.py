from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Literal

import pytest
from argon2 import PasswordHasher

from agent_console.sessions import FailureLimit, Sessions, hash_of, same
from tests.unit.console.furnished import furnished
from tests.unit.console.house import House
from triggerhub.domain.errors import TooMany, Unauthenticated

QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@pytest.fixture
def house() -> House:
    house = furnished()
    house.keys.passwords["user_ana"] = QUICK.hash("right words")
    return house


@pytest.fixture
def sessions(house: House) -> Sessions:
    return Sessions(
        house.keys, house.clock, hasher=QUICK, failures_per_login=3, failures_per_peer=5
    )


async def test_sign_in_gives_a_session_that_is_kept_only_as_a_hash(
    house: House, sessions: Sessions
) -> None:
    token, signed_in = await sessions.sign_in(" Ana ", "right words", "peer")
    assert signed_in.actor == house.actor("user_ana")
    assert token not in str(house.keys.sessions)
    assert list(house.keys.sessions) == [hash_of(token)]
    again = await sessions.of_cookie(token)
    assert again is not None
    assert again.csrf == signed_in.csrf
    await sessions.sign_out(signed_in)
    assert await sessions.of_cookie(token) is None


async def test_a_session_slides_while_it_is_used(house: House, sessions: Sessions) -> None:
    token, _ = await sessions.sign_in("ana", "right words", "peer")
    for _ in range(3):
        house.clock.advance(timedelta(hours=11))
        assert await sessions.of_cookie(token) is not None
    house.clock.advance(timedelta(hours=12))
    assert await sessions.of_cookie(token) is None


@pytest.mark.parametrize(
    ("login", "password"), [("ana", "wrong"), ("nobody", "right words"), ("ana", "x" * 2_000)]
)
async def test_which_part_was_wrong_is_not_told(
    sessions: Sessions, login: str, password: str
) -> None:
    with pytest.raises(Unauthenticated) as caught:
        await sessions.sign_in(login, password, "peer")
    assert caught.value.code == "wrong_credentials"


async def test_an_unknown_login_costs_the_same_work(house: House) -> None:
    verified: list[str] = []

    class Counting(PasswordHasher):
        def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:  # noqa: A002
            verified.append(str(hash))
            return QUICK.verify(hash, password)

    sessions = Sessions(
        house.keys, house.clock, hasher=Counting(time_cost=1, memory_cost=8, parallelism=1)
    )
    for login in ("ana", "nobody"):
        with pytest.raises(Unauthenticated):
            await sessions.sign_in(login, "wrong", "peer")
    assert len(verified) == 2


async def test_guessing_is_limited_by_login_and_by_peer(house: House, sessions: Sessions) -> None:
    for _ in range(3):
        with pytest.raises(Unauthenticated):
            await sessions.sign_in("ana", "wrong", "peer")
    with pytest.raises(TooMany) as caught:
        await sessions.sign_in("ANA", "right words", "another peer")
    assert timedelta(0) < caught.value.retry_after <= timedelta(minutes=5)
    for name in ("b", "c"):
        with pytest.raises(Unauthenticated):
            await sessions.sign_in(name, "wrong", "peer")
    with pytest.raises(TooMany):
        await sessions.sign_in("d", "wrong", "peer")
    house.clock.advance(timedelta(minutes=5))
    await sessions.sign_in("ana", "right words", "peer")


async def test_parallel_guesses_do_not_slip_through_together(sessions: Sessions) -> None:
    results = await asyncio.gather(
        *(sessions.sign_in("ana", "wrong", f"peer{n}") for n in range(20)), return_exceptions=True
    )
    assert sum(isinstance(result, Unauthenticated) for result in results) == 3


async def test_success_is_not_counted_as_failure(sessions: Sessions) -> None:
    for _ in range(10):
        await sessions.sign_in("ana", "right words", "peer")


def test_the_limit_forgets_the_oldest_keys(house: House) -> None:
    limit = FailureLimit(house.clock, allowed=1, window=timedelta(minutes=1), keys=2)
    for key in ("a", "b", "c"):
        limit.attempt(key)
    limit.attempt("a")
    with pytest.raises(TooMany):
        limit.attempt("c")


def test_csrf_tokens_are_compared_whatever_is_given() -> None:
    assert same("abc", "abc")
    assert not same(None, "abc")
    assert not same("\udcff", "abc")
