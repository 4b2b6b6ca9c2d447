"""Large content as files: written whole and synced, file and folder, before anyone refers to it."""

from __future__ import annotations

import os
from pathlib import Path

from triggerhub.domain.errors import CONTENT_MISSING, Unavailable


class ContentFiles:
    """A folder of content files, `ab/id`, spread over 256 folders."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._kept: set[Path] = set()  # folders that are surely on the disk, entry and all

    def write(self, content_id: str, body: bytes) -> str:
        """Write and sync; the path relative to the folder. Writing an id again is harmless.

        Raises OSError where the disk refuses; half a file isn't left there.
        """
        relative = f"{content_id[-2:]}/{content_id}"
        path = self._folder / relative
        if path.parent not in self._kept:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            # It may be there because another thread, or a start that was cut, has just made it.
            _sync_folder(self._folder)
            _sync_folder(self._folder.parent)
            self._kept.add(path.parent)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            view = memoryview(body)
            while view:
                view = view[os.write(handle, view) :]
            os.fsync(handle)
            _sync_folder(path.parent)
        except OSError:
            path.unlink(missing_ok=True)
            raise
        finally:
            os.close(handle)
        return relative

    def read(self, relative: str) -> bytes:
        """Raises Unavailable where the file isn't there or can't be read: what was erased is said
        by its row, and whoever comes here may find it later, in a folder that several nodes share.
        """
        try:
            return (self._folder / relative).read_bytes()
        except OSError as error:
            told = (error.strerror or type(error).__name__).lower()
            raise Unavailable(
                f"its large content isn't in this node's content folder: {relative} ({told})",
                code=CONTENT_MISSING,
            ) from error

    def older_than(self, before: float) -> list[str]:
        """Relative paths of files last changed before that (seconds since 1970)."""
        found = []
        for path in self._folder.glob("??/*"):
            try:
                if path.stat().st_mtime < before:
                    found.append(str(path.relative_to(self._folder)))
            except FileNotFoundError:  # erased meanwhile
                continue
        return found

    def remove(self, relative: str) -> None:
        (self._folder / relative).unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
