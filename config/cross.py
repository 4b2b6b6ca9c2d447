"""What can only be seen with several sections side by side: names that stand for nothing, doubles.

Works on the file's plain values, so that it also speaks when single keys are wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from config.faults import SettingsFault, meant

Found = list[tuple[str, Mapping[str, Any]]]


def cross_faults(values: Mapping[str, Any]) -> list[SettingsFault]:
    """Doubles, and queues that no `[[queues]]` declares."""
    queues = _tables(values.get("queues"), "queues")
    mails = _tables(_inner(values, "email"), "email.accounts")
    numbers = _tables(_inner(values, "sms"), "sms.accounts")
    users = _tables(values.get("users"), "users")
    return [
        *_doubles(queues, "name"),
        *_doubles(mails, "name"),
        *_doubles(mails, "addresses"),
        *_doubles(numbers, "name"),
        *_doubles(numbers, "numbers"),
        *_doubles(users, "login"),
        *_strangers(queues, [*mails, *numbers], "queue"),
        *_strangers(queues, users, "queues"),
        *_secrets(users),
    ]


def _inner(values: Mapping[str, Any], section: str) -> Any:
    outer = values.get(section)
    return outer.get("accounts") if isinstance(outer, Mapping) else None


def _tables(value: Any, section: str) -> Found:
    if not isinstance(value, list):
        return []
    found: Found = []
    for number, table in enumerate(value, start=1):
        if isinstance(table, Mapping):
            name = table.get("login") or table.get("name")
            shown = f" ({name})" if name and isinstance(name, str) else ""
            found.append((f"[[{section}]] {number}{shown}", table))
    return found


def _words(value: Any) -> list[str]:
    return [v for v in (value if isinstance(value, list) else [value]) if isinstance(v, str)]


def _doubles(tables: Found, key: str) -> Iterator[SettingsFault]:
    seen: dict[str, str] = {}
    for place, table in tables:
        for word in _words(table.get(key)):
            before = seen.setdefault(word.casefold(), place)
            if before != place or _words(table.get(key)).count(word) > 1:
                yield SettingsFault(
                    section=place,
                    key=key,
                    wrong=f"{word!r} stands in {before} already",
                    right="each of them once",
                )
                break


def _strangers(queues: Found, tables: Found, key: str) -> Iterator[SettingsFault]:
    known = {word for _, table in queues for word in _words(table.get("name"))}
    for place, table in tables:
        for word in _words(table.get(key)):
            if word not in known:
                yield SettingsFault(
                    section=place,
                    key=key,
                    wrong=f"there is no queue {word!r}",
                    right=meant(word, known) or "a [[queues]] section with that name",
                )


def _secrets(users: Found) -> Iterator[SettingsFault]:
    for place, table in users:
        given = [key for key in ("password", "password_hash") if key in table]
        if len(given) != 1:
            yield SettingsFault(
                section=place,
                key="password",
                wrong="password_hash stands beside it" if given else "it is missing",
                right="password or password_hash, one of them",
            )


def pair_faults(
    values: Mapping[str, Any], origin: Callable[[tuple[str]], tuple[str, str]]
) -> Iterator[SettingsFault]:
    """A certificate without its key, or the other way round."""
    pair = [key for key in ("tls_certificate", "tls_key") if values.get(key) is not None]
    if len(pair) == 1:
        section, key = origin((pair[0],))
        missing = "tls_key" if pair[0] == "tls_certificate" else "tls_certificate"
        yield SettingsFault(
            section=section,
            key=key,
            wrong=f"{missing} is missing beside it",
            right="the paths of two PEM files, or neither",
        )
