"""The environment's packages, the folders with their secrets, and the room on the disk."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

from config.settings import Settings
from triggerhub.doctor.finding import Finding

PACKAGES = (
    "triggerhub", "channels", "router", "storage", "agent_console", "mining", "config",
)  # fmt: skip
OURS = "triggerhub"
_GIB = 1024**3


def packages() -> Iterator[Finding]:
    """No other distribution may own a top-level name of ours."""
    from importlib.metadata import packages_distributions

    owners = packages_distributions()
    others = {
        name: sorted(set(owners.get(name, [])) - {OURS})
        for name in PACKAGES
        if set(owners.get(name, [])) - {OURS}
    }
    for name, who in others.items():
        yield Finding(
            check="packages",
            state="broken",
            text=f"the package name {name!r} also belongs to {', '.join(who)}",
            mend=f"pip uninstall {' '.join(who)}, or give the hub an environment of its own",
        )
    if not others:
        yield Finding(check="packages", state="good", text="our package names are ours alone")


def folders(settings: Settings) -> Iterator[Finding]:
    folder = settings.data_dir
    if not folder.exists():
        place = _nearest(folder)
        makes = place.is_dir() and os.access(place, os.W_OK | os.X_OK)
        yield Finding(
            check="data folder",
            state="warning" if makes else "broken",
            text=f"{folder} doesn't exist yet"
            + ("" if makes else f", and {place} takes no folder"),
            mend="triggerhub init" if makes else "name another: --data-dir or TRIGGERHUB_DATA_DIR",
        )
    elif not folder.is_dir():
        yield Finding(
            check="data folder",
            state="broken",
            text=f"{folder} is a file",
            mend="name a folder: --data-dir or TRIGGERHUB_DATA_DIR",
        )
    elif not os.access(folder, os.W_OK | os.X_OK):
        yield Finding(
            check="data folder",
            state="broken",
            text=f"{folder} can't be written by this user",
            mend=f"chown the folder to the user that runs the hub: chown -R USER {folder}",
        )
    elif (mode := _mode(folder)) & 0o077:
        yield Finding(
            check="data folder",
            state="warning",
            text=f"{folder} is open to other users (mode {mode:04o})",
            mend=f"chmod 700 {folder}",
        )
    else:
        yield Finding(check="data folder", state="good", text=f"{folder} is the hub's alone")
    yield from _secret_file("master key", folder / "master.key")
    if settings.tls_key is not None:
        yield from _secret_file("TLS key", settings.tls_key)
    if settings.config is not None:
        yield from _secret_file("settings file", settings.config)


def _secret_file(check: str, path: Path) -> Iterator[Finding]:
    if not path.is_file():
        return
    mode = _mode(path)
    if mode & 0o077:
        yield Finding(
            check=check,
            state="warning" if check == "settings file" else "broken",
            text=f"{path} can be read by other users (mode {mode:04o})",
            mend=f"chmod 600 {path}",
        )
    else:
        yield Finding(check=check, state="good", text=f"{path} is the hub's alone")


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def _nearest(folder: Path) -> Path:
    """What is there of the way to it."""
    return next(p for p in [folder.absolute(), *folder.absolute().parents] if p.exists())


def disk(folder: Path) -> Iterator[Finding]:
    place = _nearest(folder)
    usage = shutil.disk_usage(place)
    text = f"{usage.free / _GIB:.1f} of {usage.total / _GIB:.1f} GiB free at {place}"
    if usage.free < _GIB // 4:
        mend = "make room: the hub answers 'try again later' when it can't write"
        yield Finding(check="disk", state="broken", text=text, mend=mend)
    elif usage.free < _GIB or usage.free < usage.total // 50:
        mend = "make room, or move the data folder (data_dir)"
        yield Finding(check="disk", state="warning", text=text, mend=mend)
    else:
        yield Finding(check="disk", state="good", text=text)
