"""What is wrong with the settings, in words that say what would be right."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsFault:
    """`section`: where it stands (`environment`, `settings`, `[[sms.accounts]] 2 (Main)`).

    `right` may be empty where `wrong` says it all. Neither ever quotes a secret.
    """

    section: str
    key: str
    wrong: str
    right: str = ""

    def __str__(self) -> str:
        place = f"{self.section}, {self.key}" if self.key else self.section
        if self.right.endswith("?"):
            return f"{place}: {self.wrong}. {self.right}"
        return f"{place}: {self.wrong}" + (f". Right would be: {self.right}" if self.right else "")


class SettingsError(ValueError):
    """The settings can't be used; `faults` has everything that is wrong with them."""

    def __init__(self, faults: Sequence[SettingsFault]) -> None:
        self.faults = tuple(faults)
        super().__init__(render(self.faults))


def render(faults: Sequence[SettingsFault]) -> str:
    """One line a fault under a line that counts them."""
    count = "One setting is" if len(faults) == 1 else f"{len(faults)} settings are"
    return "\n".join([f"{count} wrong:", *(f"  {fault}" for fault in faults)])


def meant(word: str, known: Iterable[str]) -> str:
    """`Did you mean …?` with the nearest known word, else the list of them."""
    by_lower = {name.lower(): name for name in sorted(known) if name}
    near = get_close_matches(word.lower(), by_lower, n=1, cutoff=0.6)
    if near:
        return f"Did you mean {by_lower[near[0]]}?"
    return "one of " + ", ".join(by_lower.values()) if by_lower else ""
