"""Message ids (RFC 5322 section 3.6.4), without angle brackets, from whatever was written."""

from __future__ import annotations

import re

from channels.email.parse.limits import Limits
from channels.email.parse.problems import Problems
from channels.email.parse.words import header_text

_BRACKETED = re.compile(r"<([^<>]+)>")
_EITHER = re.compile(r"<([^<>]+)>|([^\s<>,;\"()]+)")
_SPACES = re.compile(r"\s+")


def message_id(values: list[bytes], problems: Problems) -> str:
    """The first usable id of Message-ID fields."""
    if len(values) > 1:
        problems.add("message-id", "more than one, the first was taken")
    for value in values:
        text = header_text(value, problems)
        found = _SPACES.sub("", next(iter(_BRACKETED.findall(text)), ""))
        if not found and text:
            bare = text.replace("<", " ").replace(">", " ").split()
            found = next((word for word in bare if "@" in word), bare[0] if bare else "")
            if found:
                problems.add("message-id", "without angle brackets")
        if found:
            return found
    return ""


def reference_ids(values: list[bytes], limits: Limits, problems: Problems) -> tuple[str, ...]:
    """Ids in their order, each once; of too many the first and the newest are kept."""
    found: dict[str, None] = {}
    for value in values:
        text = header_text(value, problems)
        for match in _EITHER.finditer(text):
            identifier = _SPACES.sub("", match[1] or match[2])
            if identifier and (match[1] or "@" in identifier):
                found.setdefault(identifier)
    ids = tuple(found)
    if len(ids) > limits.references:
        problems.add("limit", f"only {limits.references} of {len(ids)} references were kept")
        return (ids[0], *ids[len(ids) - limits.references + 1 :])
    return ids


def replied_id(values: list[bytes], limits: Limits, problems: Problems) -> str:
    """The one id of In-Reply-To: bracketed before bare, for old clients wrote prose there."""
    text = " ".join(header_text(value, problems) for value in values)
    bracketed = [_SPACES.sub("", i) for i in _BRACKETED.findall(text)]
    for identifier in bracketed:
        if "@" in identifier:
            return identifier
    if bracketed and bracketed[0]:
        return bracketed[0]
    others = reference_ids(values, limits, problems)
    if others:
        return others[0]
    return text if text and not text.count(" ") else ""
