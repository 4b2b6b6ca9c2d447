"""What a process must know before it can open its database: URLs, ports, keys, and the seed.

Owns the settings' names, their defaults, where they come from and what is said about wrong ones.
Knows nothing of ours; everything that can change while the hub runs is data and not here, except
the seed, which a file may give.
"""

from config.faults import SettingsError, SettingsFault
from config.load import load
from config.seed import Seed
from config.settings import Settings

__all__ = ["Seed", "Settings", "SettingsError", "SettingsFault", "load"]
