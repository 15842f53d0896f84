"""Detects that a SQLite file was written, replaced, deleted or restored, by polling it."""

from __future__ import annotations

import os
import sqlite3
import threading
from typing import Literal
from urllib.parse import quote

SqliteFileChange = Literal["written", "altered", "replaced", "gone"]
"""A commit; a commit that changed the schema; another file, including one copied over it or restored; no file."""


class SqliteFileWatch:
    """Polls a SQLite file through its own connection, from any thread.

    Each look takes microseconds, reads at most one page, and waits for no lock.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._driver: sqlite3.Connection | None = None
        self._file: tuple[int, int] | None = None
        self._stamp: tuple[int, int] | None = None
        self._versions = (0, 0)
        self._looked = False

    def look(self) -> SqliteFileChange | None:
        """What has happened to the file since the last look; the first look only records its state."""
        with self._lock:
            change = self._change()
            first, self._looked = not self._looked, True
        return None if first else change

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._release()

    def _change(self) -> SqliteFileChange | None:
        try:
            status = os.stat(self._path)
        except OSError:
            was_there = self._file is not None
            self._file = None
            self._release()
            return "gone" if was_there else None
        file, stamp = (status.st_dev, status.st_ino), (status.st_mtime_ns, status.st_size)
        if file != self._file:
            return self._taken_up(file, stamp)
        versions = self._read_versions()
        if versions is None:
            return None  # it is being written: the next look will see
        before, self._versions = self._versions, versions
        if versions[0] != before[0]:
            self._stamp = stamp
            return "written" if versions[1] == before[1] else "altered"
        if stamp != self._stamp and not self._has_log():
            # Written, but not by SQLite, which can't know that its cached pages are stale.
            return self._taken_up(file, stamp)
        self._stamp = stamp
        return None

    def _taken_up(self, file: tuple[int, int], stamp: tuple[int, int]) -> SqliteFileChange:
        self._release()
        self._file, self._stamp = file, stamp
        self._versions = self._read_versions() or (0, 0)
        return "replaced"

    def _read_versions(self) -> tuple[int, int] | None:
        """A number that changes with each commit of another connection, and one that changes with the schema; `None`
        while the file is locked or can't be read."""
        try:
            if self._driver is None:
                self._driver = sqlite3.connect(
                    f"file:{quote(self._path)}?mode=ro",
                    uri=True,
                    timeout=0,
                    isolation_level=None,
                    check_same_thread=False,
                )
            data: int = self._driver.execute("PRAGMA data_version").fetchone()[0]
            if data == self._versions[0]:
                return self._versions
            schema: int = self._driver.execute("PRAGMA schema_version").fetchone()[0]
        except sqlite3.Error:
            return None
        return data, schema

    def _release(self) -> None:
        if self._driver is not None:
            self._driver.close()
            self._driver = None

    def _has_log(self) -> bool:
        """Whether the file is in WAL mode: then a checkpoint changes the file but not its contents."""
        return os.path.exists(f"{os.path.realpath(self._path)}-wal")
