"""Watches single files by polling them.

Polling follows the path wherever it leads: changed symlinks, folders swapped or deleted and recreated, editors that
replace the file, network disks. The operating system's file events miss most of these, because they are tied to the
original folder.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from pathlib import Path

LOOK_SECONDS = 0.1
"""How often to poll: checking a few files takes microseconds."""

FileMark = tuple[int, ...]
"""A value that changes when the file does; empty while there is none."""


def file_mark(path: Path) -> FileMark:
    """The mark of the file that `path` now leads to, if any."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return ()
    if not stat.S_ISREG(status.st_mode):
        return ()
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


class FileWatch:
    """Reports which of some files have changed. Create it before the files are read; `look` blocks."""

    def __init__(self, paths: Iterable[Path]) -> None:
        self._reported = {path: file_mark(path) for path in paths}
        self._last = dict(self._reported)

    def look(self) -> set[Path]:
        """The files that have changed, appeared or disappeared since they were last reported, and stayed the same since
        the
        last look: a file that is being written is not ready to be read."""
        now = {path: file_mark(path) for path in self._reported}
        changed = {
            path for path, mark in now.items() if mark != self._reported[path] and mark == self._last[path]
        }
        self._last = now
        self._reported.update((path, now[path]) for path in changed)
        return changed

    def watch(self, paths: Iterable[Path]) -> None:
        """Watch exactly these files from now on."""
        wanted = dict.fromkeys(paths)
        self._reported = {
            path: self._reported[path] if path in self._reported else file_mark(path) for path in wanted
        }
        self._last = {path: self._last.get(path, mark) for path, mark in self._reported.items()}
