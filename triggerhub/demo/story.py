"""Reads the hand-written arcs, and tells one of them in other words each time.

Owns the form of stories/*.txt: `## name | who | channel | queue | wrap-up code`, then one line a
turn: `>` the customer, `<` the agent, `*` a note, `!` the reply before it failed (carrier's code),
`~` handed to a queue, `@` the customer goes on by another channel, `+3h` time passes, `Subject:`
for mails. `{a|b}` is one of them, `$order` is filled in, and a written backslash-n breaks the line.
Must not know time, agents or the hub.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from importlib import resources
from typing import Literal, cast

from triggerhub.demo.cast import ContactChannel

Kind = Literal["customer", "agent", "note", "failed", "transfer", "switch"]
_MARKS: Mapping[str, Kind] = {
    ">": "customer",
    "<": "agent",
    "*": "note",
    "!": "failed",
    "~": "transfer",
    "@": "switch",
}
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_CHOICE = re.compile(r"\{([^{}]*\|[^{}]*)\}")
_NAME = re.compile(r"\$([a-z]+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One line of an arc, not yet told. `after`: the time that the arc gives it, if any."""

    kind: Kind
    text: str
    after: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Arc:
    """One story. `who` is home, hotel, any, or a customer's key; `end` its wrap-up code."""

    name: str
    who: str
    channel: ContactChannel
    queue: str
    end: str
    subjects: tuple[str, ...]
    turns: tuple[Turn, ...]


@cache
def arcs(file: str) -> tuple[Arc, ...]:
    """The arcs of one file of stories/, without its ending. Raises ValueError for a bad line."""
    text = resources.files("triggerhub.demo").joinpath(f"stories/{file}.txt").read_text("utf-8")
    return tuple(
        _arc(file, block.splitlines()) for block in re.split(r"^## ", text, flags=re.MULTILINE)[1:]
    )


def _arc(file: str, lines: list[str]) -> Arc:
    name, who, channel, queue, end = (part.strip() for part in lines[0].split("|"))
    if channel not in ("email", "sms", "whatsapp"):
        raise ValueError(f"{file}: {name}: no channel {channel!r}")
    subjects: list[str] = []
    turns: list[Turn] = []
    after: timedelta | None = None
    for line in lines[1:]:
        mark, rest = line[:1], line[1:].strip()
        if not line or mark == "#":
            continue
        if line.startswith("Subject:"):
            subjects.append(line.removeprefix("Subject:").strip())
        elif mark == "+":
            after = timedelta(**{_UNITS[rest[-1]]: int(rest[:-1])})
        elif mark in _MARKS:
            turns.append(Turn(kind=_MARKS[mark], text=rest.replace("\\n", "\n"), after=after))
            after = None
        else:
            raise ValueError(f"{file}: {name}: can't read {line!r}")
    return Arc(
        name=name,
        who=who,
        channel=cast("ContactChannel", channel),
        queue=queue,
        end=end,
        subjects=tuple(subjects),
        turns=tuple(turns),
    )


class Telling:
    """One telling of one arc: its words are chosen once, so that what belongs together agrees.

    The same set of alternatives gets the same choice throughout; sets of numbers of equal length
    go together ("26 instead of 24"). `words` fills in `$names`.
    """

    def __init__(self, rng: random.Random, words: Mapping[str, str]) -> None:
        self._rng = rng
        self._words = words
        self._chosen: dict[str, int] = {}

    def tell(self, text: str, more: Mapping[str, str] | None = None) -> str:
        """The text with everything chosen and filled in. Raises KeyError for an unknown name."""
        words = {**self._words, **(more or {})}
        return _NAME.sub(_filled(words), _CHOICE.sub(self._choose, text))

    def _choose(self, found: re.Match[str]) -> str:
        options = found[1].split("|")
        numbers = all(option.isdigit() for option in options)
        key = f"#{len(options)}" if numbers else found[1]
        if key not in self._chosen:
            self._chosen[key] = self._rng.randrange(len(options))
        return options[self._chosen[key]]


def _filled(words: Mapping[str, str]) -> Callable[[re.Match[str]], str]:
    return lambda found: words[found[1]]
