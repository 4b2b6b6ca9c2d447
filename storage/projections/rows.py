"""Small pieces that several folds share: times, JSON, and the profiles of people."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import Any

import orjson

Json = dict[str, Any]


@lru_cache(maxsize=16)  # all facts of a transaction have one time
def ms(moment: datetime | None) -> int | None:
    return None if moment is None else int(moment.timestamp() * 1000)


def text(value: Any) -> str:
    return orjson.dumps(value).decode()


def profile(body: bytes | None) -> Json:
    """A profile's content, or an empty one once it was erased."""
    return orjson.loads(body) if body else {}
