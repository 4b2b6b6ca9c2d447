"""The folds: how each fact changes the projections, in the transaction that appends it.

A handler sees the fact, the content beside the log and the projections as they are; nothing else,
so folding the log again gives the same rows (`triggerhub rebuild`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from storage.projections import (
    agents,
    attention,
    configuration,
    conversations,
    customers,
    delivery,
    erasure,
    interactions,
    media,
    messages,
    offers,
)

if TYPE_CHECKING:
    from storage.transaction import Transaction
    from triggerhub.domain.events import Fact, Recorded

Handler = Callable[["Transaction", "Recorded", Any], None]


def _collect() -> Mapping[type[Fact], Handler]:
    found: dict[type[Fact], Handler] = {}
    for module in (
        configuration, customers, conversations, messages, interactions, offers, agents,
        delivery, attention, media, erasure,
    ):  # fmt: skip
        for cls, handler in module.HANDLERS.items():
            assert cls not in found, f"two folds for {cls.TYPE}"
            found[cls] = handler
    return MappingProxyType(found)


HANDLERS: Mapping[type[Fact], Handler] = _collect()


def apply(transaction: Transaction, recorded: Recorded) -> None:
    """Advance the projections by one event."""
    HANDLERS[type(recorded.fact)](transaction, recorded, recorded.fact)
