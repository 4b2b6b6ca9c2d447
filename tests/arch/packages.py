"""Which packages are ours and where they lie."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

PACKAGES = ("triggerhub", "channels", "router", "storage", "agent_console", "mining", "config")
