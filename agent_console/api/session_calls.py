"""Signing in and out, and what the console needs to know before anyone has."""

from __future__ import annotations

from aiohttp import web

from agent_console.api.route import Answer, AnyCall, json_answer
from agent_console.sessions import SignedIn
from triggerhub.domain.ports import Json

LANGUAGES = ("en", "zh-CN")


async def about(call: AnyCall) -> Answer:
    face = call.console.face
    return {
        "name": face.name(),
        "version": face.version,
        "demo": face.demo,
        "languages": list(LANGUAGES),
        "demo_logins": list(face.demo_logins) if face.demo else [],
    }


async def sign_in(call: AnyCall) -> Answer:
    console = call.console
    token, signed_in = await console.sessions.sign_in(
        call.body.login, call.body.password, call.request.remote or "unknown"
    )
    response = json_answer(await _session(call, signed_in))
    console.access.set_cookie(response, token)
    return response


async def read_session(call: AnyCall) -> Answer:
    return await _session(call, call.signed_in)


async def patch_session(call: AnyCall) -> Answer:
    signed_in = call.signed_in
    await call.console.sessions.set_language(signed_in.actor.id, call.body.language)
    return await _session(call, signed_in)


async def sign_out(call: AnyCall) -> Answer:
    await call.console.sessions.sign_out(call.signed_in)
    response = web.Response(status=204)
    call.console.access.drop_cookie(response)
    return response


async def _session(call: AnyCall, signed_in: SignedIn) -> Json:
    face = call.console.face
    return {
        "user": await call.console.views.me(signed_in.actor.id),
        "csrf": signed_in.csrf,
        "hub": {"name": face.name(), "demo": face.demo, "timezone": face.timezone()},
    }
