"""What a decision reads inside its transaction: bulk look-ups, a row of plain values each."""

from __future__ import annotations

from storage.lookups.delivery import DeliveryLookups
from storage.lookups.people import PeopleLookups
from storage.lookups.settings import SettingsLookups
from storage.lookups.work import WorkLookups


class Lookups(SettingsLookups, PeopleLookups, WorkLookups, DeliveryLookups):
    """Reads on one connection; also the base of a writing transaction."""
