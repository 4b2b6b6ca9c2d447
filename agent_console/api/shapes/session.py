"""Who is signed in, to which hub, and how one signs in."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import StringConstraints

from agent_console.api.shapes.form import Form, Shape

Language = Literal["en", "zh-CN"]


class User(Shape):
    id: str
    login: str
    name: str
    role: Literal["agent", "supervisor", "admin", "integration"]
    language: str
    queue_ids: list[str]


class HubFacts(Shape):
    name: str
    demo: bool
    timezone: str


class Session(Shape):
    user: User
    csrf: str
    hub: HubFacts


class SignIn(Form):
    login: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    password: Annotated[str, StringConstraints(min_length=1, max_length=1_000)]


class SessionPatch(Form):
    language: Language


class DemoLogin(Shape):
    login: str
    password: str
    name: str
    role: str


class About(Shape):
    name: str
    version: str
    demo: bool
    languages: list[str]
    demo_logins: list[DemoLogin]
